import EVM
import MPPCore
import MPPTempo
import Tempo
import Testing

/// Whether the server is known to have the channel on record, and what is presented because of it.
@Suite("The server's word for a channel")
struct AcknowledgementTests {
  typealias Phase = ClientChannel.Phase
  typealias Acknowledgement = ClientChannel.Acknowledgement
  typealias Machine = ClientMachineTests

  /// A channel in every phase with everything its server may have said.
  static func channel(_ phase: Phase, _ acknowledgement: Acknowledgement) throws -> ClientChannel {
    let text = String(decoding: try sampleChannel(phase).encoded(), as: UTF8.self)
    let members: String =
      switch acknowledgement {
      case .awaited: #""unacknowledged":true"#
      case .refused: #""openingRefused":true,"unacknowledged":true"#
      case .given: #""unacknowledged":false"#
      }
    return try ClientChannel(decoding: Array("{\(members),\(text.dropFirst())".utf8))
  }

  @Test("Every event after everything the server may have said, in every phase")
  func table() throws {
    let action = SignedAction(
      transaction: [9], hash: .zero, amount: Amount(units: 5), validBefore: Timestamp(seconds: 3000))
    let silent: [ClientChannel.Event] = [
      .openReverted, .topUpPrepared(action), .topUpResolved, .closeProven(captured: .zero),
      .closePrepared(Amount(units: 50)), .disowned, Machine.seen(deposit: 0),
      Machine.seen(deposit: 0, at: 999),
      Machine.seen(deposit: 1000), Machine.seen(deposit: 1000, closing: 1900),
      Machine.seen(deposit: 1000, settled: 101),
    ]
    for phase in Phase.allCases {
      for said in Acknowledgement.allCases {
        let channel = try Self.channel(phase, said)
        #expect(channel.acknowledgement == said)
        let received = try channel.applying(.receipt(spent: .zero, units: nil))
        #expect(received.acknowledgement == .given, "\(phase) \(said)")
        if [.opening, .open].contains(phase) {
          #expect(try channel.applying(.openAcknowledged).acknowledgement == .given)
        }
        if phase == .open {
          let refused = try channel.applying(.openRefused)
          #expect(refused.acknowledgement == (said == .given ? .given : .refused))
        }
        for event in silent {
          guard let next = try? channel.applying(event) else { continue }
          #expect(next.acknowledgement == said, "\(phase) \(said) \(event.name)")
        }
      }
    }
  }

  @Test("The opening goes with a voucher until the server has answered for it, and only what it can cover")
  func presented() throws {
    for phase in Phase.allCases {
      for said in Acknowledgement.allCases {
        let channel = try Self.channel(phase, said)
        let isExpected = phase == .opening || phase == .open && said == .awaited
        #expect((channel.opening(with: Amount(units: 1000)) != nil) == isExpected, "\(phase) \(said)")
        #expect(channel.opening(with: Amount(units: 1001)) == nil)
      }
    }
    #expect(try sampleChannel(.opening).opening(with: Amount(units: 1))?.transaction == [1, 2, 3])
  }

  @Test("Stored form: round trip of everything, and what is not written follows from the phase")
  func encoding() throws {
    for phase in Phase.allCases {
      let assumed: Acknowledgement = [.opening, .abandoned].contains(phase) ? .awaited : .given
      for said in Acknowledgement.allCases {
        let channel = try Self.channel(phase, said)
        #expect(try ClientChannel(decoding: channel.encoded()) == channel, "\(phase) \(said)")
        // Where nothing is said beyond the phase, the bytes are those of earlier versions.
        let text = String(decoding: channel.encoded(), as: UTF8.self)
        #expect(text.contains("unacknowledged") == (said != assumed), "\(phase) \(said)")
        #expect(text.contains("openingRefused") == (said == .refused), "\(phase) \(said)")
      }
      #expect(try sampleChannel(phase).acknowledgement == assumed)
    }
  }

  @Test("A channel of an earlier version reads the same: open is acknowledged, opening is not")
  func oldForm() throws {
    // As it was written before these members existed; only the phase changes.
    let open = String(decoding: try sampleChannel(.open).encoded(), as: UTF8.self)
    for (phase, isAcknowledged) in [
      ("opening", false), ("open", true), ("closing", true), ("orphaned", true), ("closeRequested", true),
      ("closed", true), ("abandoned", false),
    ] {
      let old = open.replacing("\"phase\":\"open\"", with: "\"phase\":\"\(phase)\"")
      let channel = try ClientChannel(decoding: Array(old.utf8))
      #expect(channel.phase.rawValue == phase)
      #expect(channel.isAcknowledged == isAcknowledged, "\(phase)")
    }
  }

  @Test(
    "What no version writes is refused (T33)",
    arguments: [
      #""unacknowledged":"true""#, #""unacknowledged":1"#, #""unacknowledged":null"#,
      #""openingRefused":true"#, #""openingRefused":true,"unacknowledged":false"#,
      #""openingRefused":"x","unacknowledged":true"#, #""disputed":"no""#,
    ])
  func odd(members: String) throws {
    let text = String(decoding: try sampleChannel(.open).encoded(), as: UTF8.self)
    #expect(throws: ClientChannelDecodingError.self) {
      try ClientChannel(decoding: Array("{\(members),\(text.dropFirst())".utf8))
    }
  }
}
