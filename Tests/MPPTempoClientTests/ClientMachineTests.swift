import EVM
import MPPCore
import MPPTempo
import Tempo
import Testing

/// A channel in a phase, for tests of the machine.
func sampleChannel(
  _ phase: ClientChannel.Phase = .open, authorized: UInt128 = 100, deposit: UInt128 = 1000,
  cap: UInt128 = 1000
) throws -> ClientChannel {
  let payer = try Address(hex: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
  let descriptor = ChannelDescriptor(
    payer: payer, payee: try Address(hex: "0x0000000000000000000000000000000000000002"), operator: .zero,
    token: try Address(hex: "0x20c0000000000000000000000000000000000001"),
    salt: try Hash32([UInt8](repeating: 0x22, count: 32)), authorizedSigner: payer,
    expiringNonceHash: try Hash32([UInt8](repeating: 0x11, count: 32)))
  return ClientChannel(
    channelID: descriptor.channelID(escrow: TempoAddress.channelReserve, chainID: 42431), chainID: 42431,
    escrow: TempoAddress.channelReserve, descriptor: descriptor, origin: "https://a:443",
    resource: "https://a/x",
    opening: SignedAction(
      transaction: [1, 2, 3], hash: .zero, amount: Amount(units: deposit),
      validBefore: Timestamp(seconds: 1000)),
    account: try VoucherAccount(
      authorized: Amount(units: authorized), deposit: Amount(units: deposit), cap: Amount(units: cap)),
    phase: phase, createdAt: Timestamp(seconds: 975))
}

@Suite("The client's channel")
struct ClientMachineTests {
  typealias Phase = ClientChannel.Phase

  static func seen(
    deposit: UInt128, settled: UInt128 = 0, closing: Int64? = nil, at seconds: Int64 = 2000
  ) -> ClientChannel.Event {
    .observed(
      ObservedChannel(
        settled: Amount(units: settled), deposit: Amount(units: deposit),
        closeRequestedAt: closing.map { Timestamp(seconds: $0) }, blockTime: Timestamp(seconds: seconds)))
  }

  @Test("Every event in every phase")
  func table() throws {
    let action = SignedAction(
      transaction: [9], hash: .zero, amount: Amount(units: 5), validBefore: Timestamp(seconds: 3000))
    let events: [ClientChannel.Event] = [
      .openAcknowledged, .openRefused, .openReverted, .topUpPrepared(action), .topUpResolved,
      .closeProven(captured: .zero),
      .closePrepared(Amount(units: 50)), .disowned, .receipt(spent: Amount(units: 40), units: 4),
      Self.seen(deposit: 0), Self.seen(deposit: 0, at: 999), Self.seen(deposit: 1000),
      Self.seen(deposit: 1000, closing: 1900), Self.seen(deposit: 1000, settled: 101),
    ]
    let columns = [
      "ack", "refused", "reverted", "topUp", "resolved", "proven", "close", "disowned", "receipt", "gone",
      "lagging",
      "funded",
      "closing", "robbed",
    ]
    #expect(columns.count == events.count)
    let o = Phase.opening
    let u = Phase.open
    let c = Phase.closing
    let x = Phase.orphaned
    let r = Phase.closeRequested
    let z = Phase.closed
    let a = Phase.abandoned
    let table: [Phase: [Phase?]] = [
      o: [u, nil, a, nil, nil, nil, nil, x, o, a, o, u, r, x],
      u: [u, u, nil, u, u, z, c, x, u, z, u, u, r, x],
      c: [nil, nil, nil, nil, c, z, c, x, c, z, c, c, r, c],
      x: [nil, nil, nil, nil, x, z, nil, x, x, z, x, x, r, x],
      r: [nil, nil, nil, nil, r, z, nil, r, r, z, r, x, r, x],
      z: [nil, nil, nil, nil, z, z, nil, nil, z, z, z, x, r, x],
      a: [nil, nil, nil, nil, nil, nil, nil, nil, a, a, a, u, r, x],
    ]
    #expect(Set(table.keys) == Set(Phase.allCases))
    for phase in Phase.allCases {
      let row = try #require(table[phase])
      for (index, event) in events.enumerated() {
        let channel = try sampleChannel(phase)
        do {
          let next = try channel.applying(event)
          #expect(next.phase == row[index], "\(phase) + \(columns[index])")
        } catch {
          #expect(row[index] == nil, "\(phase) + \(columns[index]): \(error)")
        }
      }
    }
  }

  @Test("A replica that lags behind the opening does not end the channel (U3)")
  func lagging() throws {
    for phase in Phase.allCases {
      let channel = try sampleChannel(phase)
      #expect(try channel.applying(Self.seen(deposit: 0, at: 999)).phase == phase)
    }
  }

  @Test("A receipt moves only spent and units, upwards, within what was authorised (C27, B7)")
  func receipts() throws {
    let channel = try sampleChannel()
    let after = try channel.applying(.receipt(spent: Amount(units: 100), units: 10))
    #expect(after.spent == Amount(units: 100))
    #expect(after.account == channel.account)
    let older = try after.applying(.receipt(spent: Amount(units: 20), units: 2))
    #expect(older.spent == Amount(units: 100))
    #expect(older.units == 10)
    #expect(throws: ClientChannel.TransitionError.self) {
      try channel.applying(.receipt(spent: Amount(units: 101), units: nil))
    }
  }

  @Test("A close never raises what is authorised")
  func close() throws {
    let channel = try sampleChannel()
    _ = try channel.applying(.closePrepared(Amount(units: 100)))
    #expect(throws: ClientChannel.TransitionError.self) {
      try channel.applying(.closePrepared(Amount(units: 101)))
    }
  }

  @Test("At most one top-up is under way")
  func topUps() throws {
    let action = SignedAction(
      transaction: [9], hash: .zero, amount: Amount(units: 5), validBefore: Timestamp(seconds: 3000))
    let channel = try sampleChannel().applying(.topUpPrepared(action))
    #expect(throws: ClientChannel.TransitionError.self) { try channel.applying(.topUpPrepared(action)) }
    _ = try channel.applying(.topUpResolved).applying(.topUpPrepared(action))
  }

  @Test("The chain's capture above our memory is a dispute, and ends paying")
  func dispute() throws {
    let channel = try sampleChannel().applying(Self.seen(deposit: 1000, settled: 400))
    #expect(channel.isDisputed)
    #expect(channel.phase == .orphaned)
    #expect(channel.account.authorized == Amount(units: 400))
  }

  @Test("Stored form: round trip in every phase; anything odd is refused (T33)")
  func encoding() throws {
    for phase in Phase.allCases {
      var channel = try sampleChannel(phase)
      if phase == .open {
        channel = try channel.applying(
          .topUpPrepared(
            SignedAction(
              transaction: [7], hash: .zero, amount: Amount(units: 5), validBefore: Timestamp(seconds: 1))))
      }
      #expect(try ClientChannel(decoding: channel.encoded()) == channel)
    }
    let text = String(decoding: try sampleChannel().encoded(), as: UTF8.self)
    for (from, to) in [
      ("\"schema\":1", "\"schema\":2"), ("\"chainId\":\"42431\"", "\"chainId\":\"4217\""),
      ("\"phase\":\"open\"", "\"phase\":\"x\""),
      ("\"authorized\":\"100\"", "\"authorized\":\"-1\""), ("\"deposit\":\"1000\"", "\"deposit\":1000"),
      ("\"spent\":\"0\"", "\"spent\":\"101\""), ("0x20C0", "0x20C1"), ("{\"schema\"", "{\"s\""),
    ] {
      let changed = text.replacing(from, with: to)
      #expect(changed != text, "\(from)")
      #expect(throws: ClientChannelDecodingError.self, "\(from)") {
        try ClientChannel(decoding: Array(changed.utf8))
      }
    }
  }
}
