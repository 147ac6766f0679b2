import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §15 C: the v1 stream contract, with exact logs.
@Suite struct LegacyAcceptance {
  let h: Harness

  init() throws { h = try LegacyScene.harness() }

  /// C1.
  private func deployed() async throws -> LegacyScene {
    let raw = try h.raw([Call(to: nil, data: LegacyScene.initCode)], from: h.payer)
    let receipt = try await h.rpc("eth_sendRawTransactionSync", .string(Hex.encode(raw)))
    #expect(receipt["status"] == "0x1")
    return LegacyScene(h: h, escrow: try Address(hex: receipt["contractAddress"]?.stringValue ?? ""))
  }

  /// C2.
  private func opened() async throws -> LegacyScene {
    let scene = try await deployed()
    try await scene.open()
    return scene
  }

  @Test func c1Deployment() async throws {
    let scene = try await deployed()
    let named = Keccak256.hash(RLP.encode(.list([.address(h.payer.address), RLP.uint(0 as UInt64)])))
    #expect(scene.escrow == Address(truncating: named))
    #expect(h.devnet.nonce(of: h.payer.address) == 1)
    #expect(try await h.rpc("eth_getCode", .string(scene.escrow.hex), "latest") == "0xfe")
    let unknown = try await h.send(Call(to: nil, data: [0x60, 0x80]), from: h.payer)
    #expect(unknown.revertName == "devnet: EVM bytecode is not supported")
    // The instances of both public networks are there from the start.
    for escrow in [
      "0x33b901018174ddabe4841042ab76ba85d4e24f25", "0xe1c4d3dce17bc111181ddf716f75bae49e61a336",
    ] { #expect(try await h.rpc("eth_getCode", .string(escrow), "latest") == "0xfe") }
  }

  @Test func c2Open() async throws {
    let scene = try await deployed()
    let receipt = try await scene.open()
    let opened = try LegacyEscrowABI.channelOpened.encode([
      .bytes32(scene.id), .address(h.payer.address), .address(h.payee.address),
      .address(TempoAddress.pathUSD), .address(.zero), .bytes32(scene.salt), .uint(10_000_000 as UInt64),
    ])
    #expect(
      receipt.logs == [
        scene.approval(10_000_000), try h.transferLog(h.payer.address, scene.escrow, 10_000_000),
        Log(address: scene.escrow, topics: opened.topics, data: opened.data), try h.feeLog(h.payer),
      ])
    #expect(h.units(scene.escrow) == 10_000_000)
    let data = try TIP20ABI.allowance.encode([.address(h.payer.address), .address(scene.escrow)])
    let allowance = try await h.rpc(
      "eth_call", ["to": .string(TempoAddress.pathUSD.hex), "data": .string(Hex.encode(data))])
    #expect(allowance.stringValue == Hash32.zero.hex)
    let expected: [ABIValue] = [
      .bool(false), .uint(0 as UInt64), .address(h.payer.address), .address(h.payee.address),
      .address(TempoAddress.pathUSD), .address(.zero), .uint(10_000_000 as UInt64), .uint(0 as UInt64),
    ]
    #expect(try await scene.state() == expected)
    #expect(try await scene.read(LegacyEscrowABI.channels, [.bytes32(scene.id)]) == expected)
    #expect(
      try await scene.read(LegacyEscrowABI.getChannelsBatch, [.array([.bytes32(scene.id)])])
        == [.array([.tuple(expected)])])
  }

  @Test func c3OpenWithoutApproval() async throws {
    let scene = try await deployed()
    let receipt = try await h.send(scene.openCall(), from: h.payer)
    #expect(receipt.revertName == "InsufficientAllowance")
    #expect(receipt.logs == [try h.feeLog(h.payer)])
  }

  @Test func c4SettleTopUpAndCancelledClose() async throws {
    let scene = try await opened()
    #expect(
      try await scene.settle(2_500_000).logs == [
        try h.transferLog(scene.escrow, h.payee.address, 2_500_000),
        try scene.log(LegacyEscrowABI.settled, [2_500_000, 2_500_000, 2_500_000]), try h.feeLog(h.payee),
      ])
    #expect(
      try await scene.topUp(5_000_000).logs == [
        scene.approval(5_000_000), try h.transferLog(h.payer.address, scene.escrow, 5_000_000),
        try scene.log(LegacyEscrowABI.topUpEvent, [5_000_000, 15_000_000]), try h.feeLog(h.payer),
      ])
    #expect(
      try await scene.requestClose().logs == [
        try scene.log(LegacyEscrowABI.closeRequested, [Harness.t0 + 900]), try h.feeLog(h.payer),
      ])
    #expect(try await scene.requestClose().logs == [try h.feeLog(h.payer)])
    #expect(
      try await scene.topUp(1_000_000).logs == [
        scene.approval(1_000_000), try h.transferLog(h.payer.address, scene.escrow, 1_000_000),
        try scene.log(LegacyEscrowABI.closeRequestCancelled),
        try scene.log(LegacyEscrowABI.topUpEvent, [1_000_000, 16_000_000]), try h.feeLog(h.payer),
      ])
    #expect(try await scene.state()[1] == .uint(0 as UInt64))
  }

  @Test func c5CloseIsFinal() async throws {
    let scene = try await opened()
    try await scene.settle(2_500_000)
    try await scene.topUp(6_000_000)
    #expect(
      try await scene.close(4_000_000).logs == [
        try h.transferLog(scene.escrow, h.payee.address, 1_500_000),
        try h.transferLog(scene.escrow, h.payer.address, 12_000_000),
        try scene.log(LegacyEscrowABI.channelClosed, [4_000_000, 12_000_000]), try h.feeLog(h.payee),
      ])
    #expect(h.units(scene.escrow) == 0)
    let state = try await scene.state()
    #expect(state[0] == .bool(true))
    #expect(state[6] == .uint(0 as UInt64))
    #expect(state[2] == .address(.zero))
    #expect(try await scene.settle(5_000_000).revertName == "ChannelFinalized")
    #expect(try await scene.close(5_000_000).revertName == "ChannelFinalized")
    #expect(try await scene.topUp(1).revertName == "ChannelFinalized")
    #expect(try await scene.requestClose().revertName == "ChannelFinalized")
    #expect(try await scene.withdraw().revertName == "ChannelFinalized")
  }

  @Test func c6ForcedClose() async throws {
    let scene = try await opened()
    try await scene.settle(1_000_000)
    #expect(try await scene.withdraw().revertName == "CloseNotReady")
    try await scene.requestClose()
    h.devnet.clock.advance(seconds: 899)
    #expect(try await scene.withdraw().revertName == "CloseNotReady")
    h.devnet.clock.advance(seconds: 1)
    #expect(
      try await scene.withdraw().logs == [
        try h.transferLog(scene.escrow, h.payer.address, 9_000_000),
        try scene.log(LegacyEscrowABI.channelExpired),
        try scene.log(LegacyEscrowABI.channelClosed, [1_000_000, 9_000_000]), try h.feeLog(h.payer),
      ])
  }

  @Test func c7SignaturesOfTheContract() async throws {
    let scene = try await opened()
    #expect(try await scene.settle(1, signature: HighS.twin(of: scene.voucher(1))).succeeded)
    let full = try scene.voucher(2)
    var compact = Array(full[..<64])
    if full[64] == 28 { compact[32] |= 0x80 }
    #expect(try await scene.settle(2, signature: compact).succeeded)
    var raw = try scene.voucher(3)
    raw[64] -= 27
    #expect(try await scene.settle(3, signature: raw).revertName == "InvalidSignature")
    #expect(try await scene.settle(3, signature: scene.voucher(4)).revertName == "InvalidSignature")
    #expect(
      try await scene.settle(3, signature: scene.voucher(3, by: h.stranger)).revertName == "InvalidSignature")
    #expect(try await scene.settle(3, signature: []).revertName == "InvalidSignature")
    #expect(try await scene.state()[7] == .uint(2 as UInt64))
  }

  @Test func c8CloseAtTheSettledAmountNeedsNoSignature() async throws {
    let scene = try await opened()
    try await scene.settle(2_500_000)
    #expect(
      try await scene.close(7, signature: []).logs == [
        try h.transferLog(scene.escrow, h.payer.address, 7_500_000),
        try scene.log(LegacyEscrowABI.channelClosed, [2_500_000, 7_500_000]), try h.feeLog(h.payee),
      ])
  }

  @Test func c9BadOpens() async throws {
    let scene = try await deployed()
    let cases: [(Call, String)] = [
      (try scene.openCall(payee: .zero, deposit: 0), "InvalidPayee"),
      (try scene.openCall(token: h.stranger.address, deposit: 0), "InvalidToken"),
      (try scene.openCall(token: Address(hex: "0x20c0000000000000000000000000000000000099")), "InvalidToken"),
      (try scene.openCall(deposit: 0), "ZeroDeposit"),
    ]
    for (call, name) in cases {
      #expect(try await h.send(call, from: h.payer).revertName == name)
    }
    try await scene.open()
    #expect(try await scene.open().revertName == "ChannelAlreadyExists")
    try await scene.close(0, signature: [])
    #expect(try await scene.open().revertName == "ChannelAlreadyExists")
  }

  @Test func whoMayDoWhatAndInWhichOrder() async throws {
    let scene = try await deployed()
    #expect(try await scene.settle(1, by: h.stranger).revertName == "ChannelNotFound")
    #expect(try await scene.withdraw(by: h.stranger).revertName == "ChannelNotFound")
    try await scene.open()
    #expect(try await scene.settle(99_000_000, by: h.stranger).revertName == "NotPayee")
    #expect(try await scene.close(1, by: h.payer).revertName == "NotPayee")
    for receipt in [
      try await scene.topUp(1, by: h.payee), try await scene.requestClose(by: h.payee),
      try await scene.withdraw(by: h.payee),
    ] { #expect(receipt.revertName == "NotPayer") }
    #expect(try await scene.settle(10_000_001, signature: []).revertName == "AmountExceedsDeposit")
    #expect(try await scene.close(10_000_001, signature: []).revertName == "AmountExceedsDeposit")
    #expect(try await scene.settle(0, signature: []).revertName == "AmountNotIncreasing")
    #expect(try await scene.topUp(0).revertName == "ZeroDeposit")
    let huge = try scene.call(
      LegacyEscrowABI.topUp, [.bytes32(scene.id), .uint(UInt256(UInt128.max))])
    #expect(try await h.send(huge, from: h.payer).revertName == "DepositOverflow")
    let unknown = try await h.send(Call(to: scene.escrow, data: [1, 2, 3, 4]), from: h.payer)
    #expect(unknown.revertData == [])
  }

  @Test func constantsAndDigests() async throws {
    let scene = try await deployed()
    let digest = try await scene.read(
      LegacyEscrowABI.getVoucherDigest, [.bytes32(scene.id), .uint(5 as UInt64)])
    #expect(digest == [.bytes32(try scene.digest(5))])
    #expect(try await scene.read(LegacyEscrowABI.closeGracePeriod, []) == [.uint(900 as UInt64)])
    let id = try await scene.read(
      LegacyEscrowABI.computeChannelId,
      [
        .address(h.payer.address), .address(h.payee.address), .address(TempoAddress.pathUSD),
        .bytes32(scene.salt), .address(.zero),
      ])
    #expect(id == [.bytes32(scene.id)])
    #expect(
      try await scene.read(LegacyEscrowABI.eip712Domain, []) == [
        .fixedBytes([0x0f]), .string("Tempo Stream Channel"), .string("1"), .uint(1337 as UInt64),
        .address(scene.escrow), .bytes32(.zero), .array([]),
      ])
  }
}
