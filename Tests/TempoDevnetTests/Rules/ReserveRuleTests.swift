import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `02` §11.5: who may call what, and which check comes first.
@Suite struct ReserveRules {
  let h: Harness
  init() throws { h = try Harness() }

  @Test func onlyThePayerTopsUpRequestsAndWithdraws() async throws {
    let (scene, _) = try await ChannelScene.opened(h)
    for account in [h.payee, h.stranger] {
      #expect(try await scene.topUp(1, by: account).revertName == "NotPayer")
      #expect(try await scene.requestClose(by: account).revertName == "NotPayer")
      #expect(try await scene.withdraw(by: account).revertName == "NotPayer")
    }
  }

  @Test func thePayerNeitherSettlesNorCloses() async throws {
    let (scene, _) = try await ChannelScene.opened(h)
    #expect(try await scene.settle(1, by: h.payer).revertName == "NotPayeeOrOperator")
    #expect(try await scene.close(1, capture: 1, by: h.payer).revertName == "NotPayeeOrOperator")
  }

  @Test func theZeroOperatorIsNobody() async throws {
    let (scene, _) = try await ChannelScene.opened(h)
    #expect(try await scene.settle(1, by: h.stranger).revertName == "NotPayeeOrOperator")
  }

  @Test func withdrawNeedsARequest() async throws {
    let (scene, _) = try await ChannelScene.opened(h)
    h.devnet.clock.advance(seconds: 10_000)
    #expect(try await scene.withdraw().revertName == "CloseNotReady")
  }

  @Test func anUnknownChannelComesBeforeTheCaller() async throws {
    let (opened, _) = try await ChannelScene.opened(h)
    let unknown = ChannelScene(
      h: h,
      ChannelDescriptor(
        payer: opened.descriptor.payer, payee: opened.descriptor.payee, operator: .zero,
        token: TempoAddress.pathUSD, salt: UInt256(9).word, authorizedSigner: .zero, expiringNonceHash: .zero)
    )
    #expect(try await unknown.settle(1, by: h.stranger).revertName == "ChannelNotFound")
    #expect(try await unknown.close(1, capture: 1, by: h.stranger).revertName == "ChannelNotFound")
    #expect(try await unknown.topUp(1, by: h.stranger).revertName == "ChannelNotFound")
    #expect(try await unknown.requestClose(by: h.stranger).revertName == "ChannelNotFound")
    #expect(try await unknown.withdraw(by: h.stranger).revertName == "ChannelNotFound")
  }

  @Test func theDepositComesBeforeTheSignature() async throws {
    let (scene, _) = try await ChannelScene.opened(h)
    #expect(try await scene.settle(10_000_001, signature: []).revertName == "AmountExceedsDeposit")
    #expect(
      try await scene.close(10_000_001, capture: 10_000_001, signature: []).revertName
        == "AmountExceedsDeposit")
    #expect(try await scene.settle(0, signature: []).revertName == "AmountNotIncreasing")
  }

  @Test func aVoucherAboveTheDepositStillClosesAtACoveredAmount() async throws {
    let (scene, _) = try await ChannelScene.opened(h)
    #expect(try await scene.close(20_000_000, capture: 10_000_000).succeeded)
    #expect(h.units(h.payee) == Harness.initial + 10_000_000 - Harness.fee)
  }

  @Test func vouchersOfOthersDoNotSettle() async throws {
    let (scene, _) = try await ChannelScene.opened(h)
    let signatures: [[UInt8]] = [
      try scene.voucher(1_000, by: h.stranger), try scene.voucher(999), [],
      Array(try scene.voucher(1_000).dropLast()), try scene.voucher(1_000) + [0],
      try scene.voucher(1_000).dropLast() + [2], try scene.voucher(1_000).dropLast() + [29],
      HighS.twin(of: try scene.voucher(1_000)), [UInt8](repeating: 0, count: 65),
    ]
    for signature in signatures {
      #expect(try await scene.settle(1_000, signature: signature).revertName == "InvalidSignature")
      #expect(
        try await scene.close(1_000, capture: 1_000, signature: signature).revertName == "InvalidSignature")
    }
    scene.expectState(0, 10_000_000)
  }

  @Test func anAuthorizedSignerTakesThePlaceOfThePayer() async throws {
    let (scene, _) = try await ChannelScene.opened(h, authorizedSigner: h.stranger.address)
    #expect(try await scene.settle(1_000).revertName == "InvalidSignature")
    #expect(try await scene.settle(1_000, signature: scene.voucher(1_000, by: h.stranger)).succeeded)
  }

  @Test func topUpOfZeroWithoutARequestDoesNothing() async throws {
    let (scene, _) = try await ChannelScene.opened(h)
    let receipt = try await scene.topUp(0)
    #expect(receipt.succeeded)
    #expect(receipt.logs == [try h.feeLog(h.payer)])
  }

  @Test func aTopUpBeyondUInt96Overflows() async throws {
    let (scene, _) = try await ChannelScene.opened(h)
    #expect(try await scene.topUp(Voucher.maximumAmount).revertName == "DepositOverflow")
  }

  @Test func aVouchersRecoveryByteMayAlsoBeZeroOrOne() async throws {
    let (scene, _) = try await ChannelScene.opened(h)
    var signature = try scene.voucher(5)
    signature[64] -= 27
    #expect(try await scene.settle(5, signature: signature).succeeded)
    var other = try scene.voucher(6)
    other[64] = 28 - other[64]
    #expect(try await scene.settle(6, signature: other).revertName == "InvalidSignature")
    scene.expectState(5, 10_000_000)
  }

  @Test func aPausedTokenHoldsEverythingUp() async throws {
    let (scene, _) = try await ChannelScene.opened(h)
    try await h.rpc("devnet_setPaused", .string(TempoAddress.pathUSD.hex), true)
    let call = ChannelReserveCall.settle(
      scene.descriptor, cumulativeAmount: 5, signature: try scene.voucher(5))
    let receipt = try await h.send(h.reserve(call), from: h.payee) { $0.feeToken = TempoAddress.alphaUSD }
    #expect(receipt.revertName == "ContractPaused")
  }

  @Test func aBlockedPayeeCannotBeOpenedTo() async throws {
    try await h.rpc(
      "devnet_setTokenPolicy", .string(TempoAddress.pathUSD.hex), .string(h.payee.address.hex),
      ["blockRecipient": true])
    let (_, receipt) = try await ChannelScene.opened(h)
    #expect(receipt.revertName == "PolicyForbids")
  }

  @Test func policiesOfThePartiesHoldOpenChannelsUp() async throws {
    let (scene, _) = try await ChannelScene.opened(h)
    func policy(_ switches: JSONValue, of account: DevnetAccount) async throws {
      try await h.rpc(
        "devnet_setTokenPolicy", .string(TempoAddress.pathUSD.hex), .string(account.address.hex), switches)
    }
    try await policy(["blockRecipient": true], of: h.payee)
    #expect(try await scene.topUp(5).revertName == "PolicyForbids")
    #expect(try await scene.settle(5).revertName == "PolicyForbids")
    try await policy([:], of: h.payee)
    try await policy(["blockSender": true], of: h.payer)
    #expect(try await scene.settle(5).revertName == "PolicyForbids")
    #expect(try await scene.close(5, capture: 5).revertName == "PolicyForbids")
    // A bad signature is told before the policy; what needs none is not held up.
    #expect(try await scene.settle(5, signature: [1]).revertName == "InvalidSignature")
    #expect(try await scene.close(0, capture: 0, signature: []).succeeded)
  }

  @Test func malformedArgumentsRevertWithEmptyData() async throws {
    let (scene, _) = try await ChannelScene.opened(h)
    let good = try ChannelReserveCall.settle(
      scene.descriptor, cumulativeAmount: 5, signature: try scene.voucher(5)
    ).calldata()
    var wide = good
    wide[4 + 7 * 32] = 1  // above uint96
    var dirty = good
    dirty[4] = 1  // address with a dirty first byte
    var offset = good
    offset[4 + 8 * 32] = 0xff
    for data in [wide, dirty, offset, Array(good.dropLast(64)), Array(good.prefix(3)), []] {
      let receipt = try await h.send(
        Call(to: TempoAddress.channelReserve, data: data), from: h.payee)
      #expect(!receipt.succeeded)
      #expect(receipt.revertData == [])
    }
    let unknown = try await h.send(
      Call(to: TempoAddress.channelReserve, data: [1, 2, 3, 4]), from: h.payee)
    #expect(unknown.revertName == "UnknownFunctionSelector")
  }

  @Test func readsAgreeWithTheSDKsEncoding() async throws {
    let (scene, _) = try await ChannelScene.opened(h)
    try await scene.settle(2_500_000)
    func read(_ call: ChannelReserveCall) async throws -> [UInt8] {
      let answer = try await h.rpc(
        "eth_call",
        [
          "to": .string(TempoAddress.channelReserve.hex), "data": .string(Hex.encode(try call.calldata())),
        ], "latest")
      return try Hex.decode(answer.stringValue ?? "")
    }
    let state = try ChannelReserveABI.decodeState(try await read(.getChannelState(scene.id)))
    #expect(state.settled == 2_500_000)
    #expect(state.deposit == 10_000_000)
    #expect(state.closeRequestedAt == 0)
    let states = try ChannelReserveABI.decodeStates(
      try await read(.getChannelStatesBatch([scene.id, .zero])))
    #expect(states.map(\.settled) == [2_500_000, 0])
    let channel = try ChannelReserveABI.decodeChannel(try await read(.getChannel(scene.descriptor)))
    #expect(channel.descriptor == scene.descriptor)
    #expect(channel.state == state)
    #expect(try await read(.computeChannelID(scene.descriptor)) == scene.id.bytes)
    let voucher = try Voucher(channelID: scene.id, cumulativeAmount: 77)
    #expect(
      try await read(.getVoucherDigest(voucher)) == voucher.digest(domain: VoucherDomain(chainID: 1337)).bytes
    )
    #expect(try await read(.domainSeparator) == VoucherDomain(chainID: 1337).separator.bytes)
    #expect(try await read(.voucherTypeHash) == Voucher.typeHash.bytes)
    #expect(try await read(.closeGracePeriod) == UInt256(900).bytes32)
  }
}
