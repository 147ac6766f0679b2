import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `02` §8, `03` §9.1: roles, memos, permits.
@Suite struct TokenRules {
  let h: Harness
  let path = TempoAddress.pathUSD
  init() throws { h = try Harness() }

  private var issuer: DevnetAccount { h.devnet.accounts[0] }

  private func call(_ function: ABIFunction, _ arguments: [ABIValue]) throws -> Call {
    Call(to: path, data: try function.encode(arguments))
  }

  private func memoLog(_ from: Address, _ to: Address, _ memo: Hash32) -> Log {
    Log(
      address: path,
      topics: [
        Keccak256.hash(utf8: "TransferWithMemo(address,address,uint256,bytes32)"), from.word, to.word, memo,
      ], data: UInt256(5 as UInt64).bytes32)
  }

  @Test func mintAndBurnWithMemo() async throws {
    let memo = try Hash32([UInt8](repeating: 3, count: 32))
    let supply = h.devnet.totalSupply().units
    let minted = try await h.send(
      call(
        ABIFunction("mintWithMemo", [.address, .uint256, .bytes32]),
        [.address(h.payee.address), .uint(5 as UInt64), .bytes32(memo)]), from: issuer)
    #expect(
      minted.logs.dropLast() == [
        try h.transferLog(.zero, h.payee.address, 5), memoLog(.zero, h.payee.address, memo),
        Log(
          address: path, topics: [Keccak256.hash(utf8: "Mint(address,uint256)"), h.payee.address.word],
          data: UInt256(5 as UInt64).bytes32),
      ])
    #expect(h.devnet.totalSupply().units == supply + 5)
    let burned = try await h.send(
      call(
        ABIFunction("burnWithMemo", [.uint256, .bytes32]), [.uint(5 as UInt64), .bytes32(memo)]),
      from: issuer)
    #expect(
      burned.logs.dropLast() == [
        try h.transferLog(issuer.address, .zero, 5), memoLog(issuer.address, .zero, memo),
        Log(
          address: path, topics: [Keccak256.hash(utf8: "Burn(address,uint256)"), issuer.address.word],
          data: UInt256(5 as UInt64).bytes32),
      ])
    #expect(h.devnet.totalSupply().units == supply)
    #expect(h.devnet.audit() == [])
  }

  @Test func onlyRolesMintBurnAndPause() async throws {
    let calls = [
      try call(TIP20ABI.mint, [.address(h.payee.address), .uint(1 as UInt64)]),
      try call(TIP20ABI.burn, [.uint(1 as UInt64)]), try call(ABIFunction("pause"), []),
      try call(ABIFunction("unpause"), []),
      try call(
        ABIFunction("grantRole", [.bytes32, .address]),
        [.bytes32(Keccak256.hash(utf8: "ISSUER_ROLE")), .address(h.payer.address)]),
    ]
    for call in calls { #expect(try await h.send(call, from: h.payer).revertName == "Unauthorized") }
    #expect(try await h.send(calls[4], from: issuer).succeeded)
    #expect(try await h.send(calls[0], from: h.payer).succeeded)
    let paused = try await h.send(calls[2], from: issuer) { $0.feeToken = TempoAddress.alphaUSD }
    #expect(paused.logs[0].topics[0] == Keccak256.hash(utf8: "PauseStateUpdate(address,bool)"))
    let blocked = try await h.send(h.transfer(1, to: h.payee.address), from: h.payer) {
      $0.feeToken = TempoAddress.alphaUSD
    }
    #expect(blocked.revertName == "ContractPaused")
  }

  @Test func theCapOfTheSupply() async throws {
    let call = try call(TIP20ABI.mint, [.address(h.payee.address), .uint(UInt256(UInt128.max))])
    #expect(try await h.send(call, from: issuer).revertName == "SupplyCapExceeded")
  }

  @Test func transferFromWithMemoUsesTheAllowance() async throws {
    let memo = try Hash32([UInt8](repeating: 3, count: 32))
    let approve = try call(TIP20ABI.approve, [.address(h.stranger.address), .uint(5 as UInt64)])
    try await h.send(approve, from: h.payer)
    let pull = try call(
      TIP20ABI.transferFromWithMemo,
      [.address(h.payer.address), .address(h.payee.address), .uint(5 as UInt64), .bytes32(memo)])
    let receipt = try await h.send(pull, from: h.stranger)
    #expect(
      receipt.logs.dropLast() == [
        try h.transferLog(h.payer.address, h.payee.address, 5),
        memoLog(h.payer.address, h.payee.address, memo),
      ])
    #expect(try await h.send(pull, from: h.stranger).revertName == "InsufficientAllowance")
    let all = try call(TIP20ABI.approve, [.address(h.stranger.address), .uint(UInt256.max)])
    try await h.send(all, from: h.payer)
    try await h.send(pull, from: h.stranger)
    let allowance = try TIP20ABI.allowance.encode([.address(h.payer.address), .address(h.stranger.address)])
    let left = try await h.rpc("eth_call", ["to": .string(path.hex), "data": .string(Hex.encode(allowance))])
    #expect(left.stringValue == UInt256.max.word.hex)
  }

  private func permit(
    _ deadline: UInt64, nonce: UInt64 = 0, by signer: DevnetAccount? = nil,
    change: (inout [UInt8]) -> Void = { _ in }
  ) throws -> Call {
    let type = Keccak256.hash(
      utf8: "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")
    let domainType = Keccak256.hash(
      utf8: "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    let domain = Keccak256.hash(
      domainType.bytes + Keccak256.hash(utf8: "pathUSD").bytes + Keccak256.hash(utf8: "1").bytes
        + UInt256(1337 as UInt64).bytes32 + path.word.bytes)
    let body = Keccak256.hash(
      type.bytes + h.payer.address.word.bytes + h.stranger.address.word.bytes
        + UInt256(9 as UInt64).bytes32 + UInt256(nonce).bytes32 + UInt256(deadline).bytes32)
    let digest = Keccak256.hash([0x19, 0x01] + domain.bytes + body.bytes)
    var signature = (signer ?? h.payer).privateKey.sign(digest).bytes65
    change(&signature)
    return try call(
      TIP20ABI.permit,
      [
        .address(h.payer.address), .address(h.stranger.address), .uint(9 as UInt64), .uint(deadline),
        .uint(UInt64(signature[64])), .fixedBytes(Array(signature[..<32])),
        .fixedBytes(Array(signature[32..<64])),
      ])
  }

  @Test func permits() async throws {
    let deadline = Harness.t0
    #expect(try await h.send(permit(deadline - 1), from: h.stranger).revertName == "PermitExpired")
    for bad in [
      try permit(deadline, by: h.payee), try permit(deadline, nonce: 1),
      try permit(deadline) { $0 = HighS.twin(of: $0) }, try permit(deadline) { $0[64] -= 27 },
    ] { #expect(try await h.send(bad, from: h.stranger).revertName == "InvalidSignature") }
    let receipt = try await h.send(permit(deadline), from: h.stranger)
    #expect(receipt.logs.count == 2)
    #expect(receipt.logs[0].data == UInt256(9 as UInt64).bytes32)
    let nonces = try TIP20ABI.nonces.encode([.address(h.payer.address)])
    let used = try await h.rpc("eth_call", ["to": .string(path.hex), "data": .string(Hex.encode(nonces))])
    #expect(used.stringValue == UInt256(1 as UInt64).word.hex)
    #expect(try await h.send(permit(deadline), from: h.stranger).revertName == "InvalidSignature")
    let pull = try call(
      TIP20ABI.transferFrom,
      [.address(h.payer.address), .address(h.payee.address), .uint(9 as UInt64)])
    #expect(try await h.send(pull, from: h.stranger).succeeded)
  }

  @Test func theDomainAndTheRolesCanBeRead() async throws {
    func read(_ signature: String) async throws -> String? {
      let data = Hex.encode(ABI.selector(signature))
      return try await h.rpc("eth_call", ["to": .string(path.hex), "data": .string(data)]).stringValue
    }
    #expect(
      try await read("ISSUER_ROLE()") == "0x114e74f6ea3bd819998f78687bfcb11b140da08e9b7d222fa9c1f1ba1f2aa122")
    #expect(
      try await read("PAUSE_ROLE()") == "0x139c2898040ef16910dc9f44dc697df79363da767d8bc92f2e310312b816e46d")
    #expect(
      try await read("UNPAUSE_ROLE()") == "0x265b220c5a8891efdd9e1b1b7fa72f257bd5169f8d87e319cf3dad6ff52b94ae"
    )
    #expect(try await read("DOMAIN_SEPARATOR()")?.count == 66)
    #expect(try await read("supplyCap()") == UInt256(UInt128.max).word.hex)
  }
}
