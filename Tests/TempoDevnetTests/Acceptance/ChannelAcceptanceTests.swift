import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §15 B: channels, with exact balances in flat gas.
@Suite struct ChannelAcceptance {
  let h: Harness
  let reserve = TempoAddress.channelReserve

  init() throws { h = try Harness() }

  private func scene() async throws -> ChannelScene { try await ChannelScene.opened(h).0 }

  /// B2: open, then settle 2,500,000.
  private func settled() async throws -> ChannelScene {
    let scene = try await scene()
    try await scene.settle(2_500_000)
    return scene
  }

  /// B4: B2, then a top-up of 5,000,000.
  private func toppedUp() async throws -> ChannelScene {
    let scene = try await settled()
    try await scene.topUp(5_000_000)
    return scene
  }

  @Test func b1Open() async throws {
    let (scene, receipt) = try await ChannelScene.opened(h)
    let opened = ChannelReserveEvent.Opened(
      operator: .zero, token: TempoAddress.pathUSD, authorizedSigner: .zero, salt: ChannelScene.salt,
      expiringNonceHash: scene.descriptor.expiringNonceHash, deposit: 10_000_000)
    #expect(receipt.succeeded)
    #expect(
      receipt.logs == [
        try h.transferLog(h.payer.address, reserve, 10_000_000), try scene.log(.opened(opened)),
        try h.feeLog(h.payer),
      ])
    #expect(h.units(h.payer) == 999_989_999_000)
    #expect(h.units(reserve) == 10_000_000)
    scene.expectState(0, 10_000_000)
  }

  @Test func b2Settle() async throws {
    let scene = try await scene()
    let receipt = try await scene.settle(2_500_000)
    let settled = ChannelReserveEvent.Kind.settled(
      cumulativeAmount: 2_500_000, deltaPaid: 2_500_000, newSettled: 2_500_000)
    #expect(
      receipt.logs == [
        try h.transferLog(reserve, h.payee.address, 2_500_000), try scene.log(settled), try h.feeLog(h.payee),
      ])
    #expect(h.units(h.payee) == 1_000_002_499_000)
    #expect(h.units(reserve) == 7_500_000)
    scene.expectState(2_500_000, 10_000_000)
  }

  @Test func b3RefusedSettlementsCostTheCallerOnlyTheFee() async throws {
    let scene = try await settled()
    let high = HighS.twin(of: try scene.voucher(3_000_000))
    let attempts: [(DevnetReceipt, String)] = [
      (try await scene.settle(2_500_000), "AmountNotIncreasing"),
      (try await scene.settle(10_000_001), "AmountExceedsDeposit"),
      (try await scene.settle(3_000_000, signature: high), "InvalidSignature"),
    ]
    for (receipt, name) in attempts {
      #expect(!receipt.succeeded)
      #expect(receipt.revertName == name)
      #expect(receipt.logs == [try h.feeLog(h.payee)])
    }
    let stranger = try await scene.settle(3_000_000, by: h.stranger)
    #expect(stranger.revertName == "NotPayeeOrOperator")
    #expect(h.units(h.stranger) == Harness.initial - Harness.fee)
    #expect(h.units(h.payee) == 1_000_002_499_000 - 3 * Harness.fee)
    scene.expectState(2_500_000, 10_000_000)
  }

  @Test func b4TopUp() async throws {
    let scene = try await settled()
    let receipt = try await scene.topUp(5_000_000)
    #expect(
      receipt.logs == [
        try h.transferLog(h.payer.address, reserve, 5_000_000),
        try scene.log(.topUp(additionalDeposit: 5_000_000, newDeposit: 15_000_000)), try h.feeLog(h.payer),
      ])
    #expect(h.units(h.payer) == 999_984_998_000)
  }

  @Test func b5B6B7ForcedClose() async throws {
    let scene = try await toppedUp()
    let requested = try await scene.requestClose()
    let end = UInt256(Harness.t0 + 900)
    #expect(requested.logs == [try scene.log(.closeRequested(closeGraceEnd: end)), try h.feeLog(h.payer)])
    let again = try await scene.requestClose()
    #expect(again.succeeded)
    #expect(again.logs == [try h.feeLog(h.payer)])

    let cancelled = try await scene.topUp(0)
    #expect(
      cancelled.logs == [
        try scene.log(.closeRequestCancelled),
        try scene.log(.topUp(additionalDeposit: 0, newDeposit: 15_000_000)), try h.feeLog(h.payer),
      ])
    scene.expectState(2_500_000, 15_000_000)

    try await scene.requestClose()
    h.devnet.clock.advance(seconds: 899)
    #expect(try await scene.withdraw().revertName == "CloseNotReady")
    h.devnet.clock.advance(seconds: 1)
    let withdrawn = try await scene.withdraw()
    let closed = ChannelReserveEvent.Kind.closed(settledToPayee: 2_500_000, refundedToPayer: 12_500_000)
    #expect(
      withdrawn.logs == [
        try h.transferLog(reserve, h.payer.address, 12_500_000), try scene.log(closed), try h.feeLog(h.payer),
      ])
    #expect(h.units(reserve) == 0)
    #expect(h.units(h.payer) == 999_997_492_000)
    #expect(h.devnet.channel(scene.id) == nil)
  }

  @Test func b8CloseWithTheFullVoucher() async throws {
    let scene = try await toppedUp()
    let receipt = try await scene.close(4_000_000, capture: 4_000_000)
    let closed = ChannelReserveEvent.Kind.closed(settledToPayee: 4_000_000, refundedToPayer: 11_000_000)
    #expect(
      receipt.logs == [
        try h.transferLog(reserve, h.payee.address, 1_500_000),
        try h.transferLog(reserve, h.payer.address, 11_000_000), try scene.log(closed), try h.feeLog(h.payee),
      ])
    #expect(h.units(h.payee) == 1_000_003_998_000)
    #expect(h.units(h.payer) == 999_995_998_000)
    #expect(h.units(reserve) == 0)
  }

  @Test func b9CloseCapturesLessThanTheVoucher() async throws {
    let scene = try await toppedUp()
    let before = h.units(h.payee)
    let payer = h.units(h.payer)
    #expect(try await scene.close(4_000_000, capture: 3_000_000).succeeded)
    #expect(h.units(h.payee) == before + 500_000 - Harness.fee)
    #expect(h.units(h.payer) == payer + 12_000_000)
  }

  @Test func b10CloseAtTheSettledAmountNeedsNoSignature() async throws {
    let scene = try await toppedUp()
    let receipt = try await scene.close(2_500_000, capture: 2_500_000, signature: [])
    #expect(receipt.succeeded)
    #expect(receipt.logs.first == (try h.transferLog(reserve, h.payer.address, 12_500_000)))
    #expect(receipt.logs.count == 3)
  }

  @Test func b11CaptureOutsideSettledAndVoucher() async throws {
    let scene = try await toppedUp()
    #expect(try await scene.close(4_000_000, capture: 2_000_000).revertName == "CaptureAmountInvalid")
    #expect(try await scene.close(3_000_000, capture: 4_000_000).revertName == "CaptureAmountInvalid")
    scene.expectState(2_500_000, 15_000_000)
  }

  @Test func b12AClosedChannelIsGone() async throws {
    let scene = try await toppedUp()
    try await scene.close(4_000_000, capture: 4_000_000)
    #expect(try await scene.settle(5_000_000).revertName == "ChannelNotFound")
    #expect(try await scene.topUp(1).revertName == "ChannelNotFound")
    #expect(try await scene.withdraw().revertName == "ChannelNotFound")
    let data = try ChannelReserveCall.getChannelState(scene.id).calldata()
    let answer = try await h.rpc("eth_call", ["to": .string(reserve.hex), "data": .string(Hex.encode(data))])
    #expect(answer.stringValue == Hex.encode([UInt8](repeating: 0, count: 96)))
  }

  @Test func b13OneTransactionCanOpenTwoChannelsButNotTheSameTwice() async throws {
    func open(_ salt: UInt64) throws -> Call {
      try h.reserve(
        .open(
          .init(
            payee: h.payee.address, operator: .zero, token: TempoAddress.pathUSD, deposit: 1_000,
            salt: UInt256(salt).word, authorizedSigner: .zero)))
    }
    let twice = try await h.send(try open(1), try open(1), from: h.payer)
    #expect(twice.revertName == "ChannelAlreadyExists")
    let receipt = try await h.send(try open(1), try open(2), from: h.payer)
    let events = try receipt.logs.compactMap { try ChannelReserveEvent(log: $0) }
    #expect(events.count == 2)
    #expect(events[0].channelID != events[1].channelID)
    #expect(events[0].openedDescriptor?.expiringNonceHash == events[1].openedDescriptor?.expiringNonceHash)
    for event in events {
      let descriptor = try #require(event.openedDescriptor)
      #expect(descriptor.channelID(chainID: 1337) == event.channelID)
    }
  }

  @Test func b14AnOperatorActsForThePayeeAndPaysTheFees() async throws {
    let (scene, _) = try await ChannelScene.opened(h, operator: h.stranger.address)
    #expect(try await scene.settle(1_000_000, by: h.stranger).succeeded)
    #expect(h.units(h.payee) == Harness.initial + 1_000_000)
    #expect(try await scene.close(2_000_000, capture: 2_000_000, by: h.stranger).succeeded)
    #expect(h.units(h.payee) == Harness.initial + 2_000_000)
    #expect(h.units(h.payer) == Harness.initial - 2_000_000 - Harness.fee)
    #expect(h.units(h.stranger) == Harness.initial - 2 * Harness.fee)
  }

  @Test func b16ASponsoredOpenIsNamedByTheSponsoredPreimage() async throws {
    let open = ChannelReserveCall.Open(
      payee: h.payee.address, operator: .zero, token: TempoAddress.pathUSD, deposit: 1_000, salt: .zero,
      authorizedSigner: .zero)
    let unsigned = h.transaction([try h.reserve(.open(open))]) { $0.feePayer = .awaitingFeePayer }
    let handOff = try unsigned.signed(with: h.payer.privateKey).handOff(sender: h.payer.address)
    let receipt = try await h.send(h.cosigned(handOff, sender: h.payer, by: h.sponsor))
    let event = try #require(try receipt.logs.compactMap { try ChannelReserveEvent(log: $0) }.first)
    let hash = unsigned.expiringNonceHash(sender: h.payer.address)
    let expected = open.descriptor(payer: h.payer.address, expiringNonceHash: hash)
    #expect(event.channelID == expected.channelID(chainID: 1337))
    var unsponsored = unsigned
    unsponsored.feePayer = .unsponsored
    #expect(unsponsored.expiringNonceHash(sender: h.payer.address) != hash)
  }

  @Test func b17ASimulatedChannelIsNamedBySentinel() async throws {
    let open = ChannelReserveCall.Open(
      payee: h.payee.address, operator: .zero, token: TempoAddress.pathUSD, deposit: 1_000, salt: .zero,
      authorizedSigner: .zero)
    let answer = try await h.rpc(
      "eth_call",
      [
        "from": .string(h.payer.address.hex), "to": .string(reserve.hex),
        "data": .string(Hex.encode(try open.calldataOfOpen())),
      ])
    let sentinel = try Hash32(Array("TEMPO_RPC_SIMULATION_MPP_CONTEXT".utf8))
    let simulated = open.descriptor(payer: h.payer.address, expiringNonceHash: sentinel)
    #expect(answer.stringValue == simulated.channelID(chainID: 1337).hex)
    #expect(h.units(reserve) == 0)
    let receipt = try await h.send(h.reserve(.open(open)), from: h.payer)
    let event = try #require(try receipt.logs.compactMap { try ChannelReserveEvent(log: $0) }.first)
    #expect(event.channelID.hex != answer.stringValue)
  }

  @Test func b18ThePayeeMayCloseDuringTheGracePeriod() async throws {
    let scene = try await scene()
    try await scene.requestClose()
    h.devnet.clock.advance(seconds: 500)
    #expect(try await scene.close(4_000_000, capture: 4_000_000).succeeded)
    h.devnet.clock.advance(seconds: 500)
    #expect(try await scene.withdraw().revertName == "ChannelNotFound")
  }

  @Test func b19BadOpens() async throws {
    let payee = h.payee.address
    let path = TempoAddress.pathUSD
    let unknown = try Address(hex: "0x20c0000000000000000000000000000000000099")
    let attempts: [(Address, Address, UInt128, String)] = [
      (payee, path, 0, "ZeroDeposit"), (.zero, path, 1, "InvalidPayee"), (path, path, 1, "InvalidPayee"),
      (payee, reserve, 1, "InvalidToken"), (payee, unknown, 1, "InvalidToken"),
      (payee, path, Harness.initial, "InsufficientBalance"),
    ]
    for (payee, token, deposit, name) in attempts {
      let open = ChannelReserveCall.Open(
        payee: payee, operator: .zero, token: token, deposit: deposit, salt: .zero, authorizedSigner: .zero)
      let receipt = try await h.send(h.reserve(.open(open)), from: h.payer)
      #expect(receipt.revertName == name)
    }
    #expect(h.units(reserve) == 0)
  }

  @Test func b20AnOpenByEIP1559IsNamedByItsUnsignedPayload() async throws {
    let open = ChannelReserveCall.Open(
      payee: h.payee.address, operator: .zero, token: TempoAddress.pathUSD, deposit: 1_000, salt: .zero,
      authorizedSigner: .zero)
    let transaction = EIP1559Transaction(
      chainID: 1337, nonce: 0, maxPriorityFeePerGas: 0, maxFeePerGas: 24_000_000_000, gas: 60_000,
      to: reserve, data: try open.calldataOfOpen())
    let receipt = try await h.send(transaction.signed(with: h.payer.privateKey).serialized)
    let event = try #require(try receipt.logs.compactMap { try ChannelReserveEvent(log: $0) }.first)
    #expect(
      event.openedDescriptor?.expiringNonceHash == transaction.expiringNonceHash(sender: h.payer.address))
  }

  @Test func b22ACreditOfAClosedChannelPaysForTheNext() async throws {
    let h = try Harness { $0.gasModel = .schedule }
    func open() async throws -> (ChannelScene, DevnetReceipt) {
      let open = ChannelReserveCall.Open(
        payee: h.payee.address, operator: .zero, token: TempoAddress.pathUSD, deposit: 10_000_000,
        salt: .zero, authorizedSigner: .zero)
      let transaction = h.transaction([try h.reserve(.open(open))]) { $0.gas = 1_000_000 }
      let receipt = try await h.send(transaction.signed(with: h.payer.privateKey).serialized)
      let hash = transaction.expiringNonceHash(sender: h.payer.address)
      return (ChannelScene(h: h, open.descriptor(payer: h.payer.address, expiringNonceHash: hash)), receipt)
    }
    let (keeper, first) = try await open()
    #expect(keeper.id != .zero)
    let (scene, second) = try await open()
    #expect(first.succeeded && second.succeeded)
    #expect(first.gasUsed == second.gasUsed + 250_000)
    func credits() async throws -> JSONValue {
      let data = try Hex.decode("0x4d65338b") + h.payer.address.word.bytes
      return try await h.rpc(
        "eth_call", ["to": .string(reserve.hex), "data": .string(Hex.encode(data))], "latest")
    }
    // B2 to B8.
    #expect(try await scene.settle(2_500_000).succeeded)
    #expect(try await !scene.settle(2_500_000).succeeded)
    #expect(try await scene.topUp(5_000_000).succeeded)
    #expect(try await scene.requestClose().succeeded)
    #expect(try await scene.topUp(0).succeeded)
    #expect(try await scene.requestClose().succeeded)
    #expect(try await !scene.withdraw().succeeded)
    #expect(try await credits().stringValue == UInt256(0 as UInt64).word.hex)
    #expect(try await scene.close(4_000_000, capture: 4_000_000).succeeded)
    #expect(try await credits().stringValue == UInt256(1 as UInt64).word.hex)
    let (_, third) = try await open()
    #expect(try await credits().stringValue == UInt256(0 as UInt64).word.hex)
    // The calldata of the second and third open is the same, so only the credit makes the difference.
    #expect(second.gasUsed == third.gasUsed + 250_000)
  }
}
