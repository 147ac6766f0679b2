import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `02` §10.1, §13, `03` §7.5: nonces and pools that can be read, and what a creation makes.
@Suite struct SystemContracts {
  let h: Harness
  init() throws { h = try Harness() }

  private func read(_ function: ABIFunction, _ arguments: [ABIValue], of target: Address) async throws
    -> [ABIValue]
  {
    let data = Hex.encode(try function.encode(arguments))
    let answer = try await h.rpc("eth_call", ["to": .string(target.hex), "data": .string(data)])
    return try function.decodeReturn(try Hex.decode(answer.stringValue ?? ""))
  }

  @Test func keyedNoncesCanBeRead() async throws {
    let getNonce = ABIFunction("getNonce", [.address, .uint256], returns: [.uint64])
    func nonce(_ key: UInt64) async throws -> UInt64 {
      try await read(
        getNonce, [.address(h.payer.address), .uint(key)], of: TempoAddress.nonceManager)[0].uint64()
    }
    #expect(try await nonce(7) == 0)
    try await h.send(h.transfer(1, to: h.payee.address), from: h.payer) { $0.nonceKey = 7 }
    #expect(try await nonce(7) == 1)
    #expect(try await nonce(8) == 0)
    let data = try getNonce.encode([.address(h.payer.address), .uint(0 as UInt64)])
    let error = try await h.failure(
      "eth_call", ["to": .string(TempoAddress.nonceManager.hex), "data": .string(Hex.encode(data))])
    #expect(error?.message == "execution reverted: ProtocolNonceNotSupported")
    #expect(error?.data == "0x1bc81ca9")
  }

  @Test func poolsOfTheFeeManagerCanBeRead() async throws {
    let (alpha, path) = (TempoAddress.alphaUSD, TempoAddress.pathUSD)
    let manager = TempoAddress.feeManager
    let pair: [ABIValue] = [.address(alpha), .address(path)]
    let validator = ABIFunction("validatorTokens", [.address], returns: [.address])
    #expect(try await read(validator, [.address(.zero)], of: manager) == [.address(path)])
    let pool = ABIFunction("getPool", [.address, .address], returns: [.uint256, .uint256])
    #expect(
      try await read(pool, pair, of: manager).map { try $0.uint64() }
        == [1_000_000_000_000, 1_000_000_000_000])
    let poolID = ABIFunction("getPoolId", [.address, .address], returns: [.bytes32])
    let id = try await read(poolID, pair, of: manager)[0]
    #expect(id == .bytes32(Keccak256.hash(alpha.word.bytes + path.word.bytes)))
    #expect(try await read(poolID, pair.reversed(), of: manager)[0] != id)
    let supply = ABIFunction("totalSupply", [.bytes32], returns: [.uint256])
    #expect(try await read(supply, [id], of: manager)[0].uint64() == 0)
    let mint = ABIFunction("mint", [.address, .address, .uint256, .address], returns: [.uint256])
    func call(_ arguments: [ABIValue]) throws -> Call { Call(to: manager, data: try mint.encode(arguments)) }
    let owner = ABIValue.address(h.stranger.address)
    #expect(try await h.send(call(pair + [.uint(500 as UInt64), owner]), from: h.payer).succeeded)
    #expect(try await read(supply, [id], of: manager)[0].uint64() == 500)
    let refusals: [([ABIValue], String)] = [
      ([pair[0], pair[0], .uint(1 as UInt64), owner], "IdenticalTokens"),
      ([pair[0], owner, .uint(1 as UInt64), owner], "InvalidToken"),
      (pair + [.uint(0 as UInt64), owner], "InvalidAmount"),
    ]
    for (arguments, name) in refusals {
      #expect(try await h.send(call(arguments), from: h.payer).revertName == name)
    }
  }

  @Test func anEmptyCreationMakesAnAccount() async throws {
    let raw = try h.raw([Call(to: nil)], from: h.payer)
    let receipt = try await h.rpc("eth_sendRawTransactionSync", .string(Hex.encode(raw)))
    #expect(receipt["status"] == "0x1")
    #expect(receipt["to"] == .null)
    let created = try #require(receipt["contractAddress"]?.stringValue)
    let named = Keccak256.hash(RLP.encode(.list([.address(h.payer.address), .empty])))
    #expect(created == Address(truncating: named).hex)
    #expect(try await h.rpc("eth_getCode", .string(created), "latest") == "0x")
    #expect(h.devnet.nonce(of: h.payer.address) == 1)
    // Without a target and without data a call creates nothing, and says so.
    #expect(try await h.rpc("eth_call", ["from": .string(h.payer.address.hex)]) == "0x")
  }

  @Test func bytecodeIsNotRun() async throws {
    let receipt = try await h.send(Call(to: nil, data: [0x60, 0x80]), from: h.payer)
    #expect(receipt.revertName == "devnet: EVM bytecode is not supported")
    #expect(receipt.logs == [try h.feeLog(h.payer)])
    let error = try await h.failure("eth_estimateGas", ["data": "0x6080"])
    #expect(error?.code == 3)
  }

  @Test func aFailedCreationUsesTheNonceUp() async throws {
    // The nonce is taken before the calls, so that nobody can be given the same address twice.
    let failing = [Call(to: nil), try h.transfer(1, to: TempoAddress.alphaUSD)]
    let receipt = try await h.send(h.raw(failing, from: h.payer))
    #expect(receipt.revertName == "InvalidRecipient")
    let shown = try await h.rpc("eth_getTransactionReceipt", .string(receipt.hash.hex))
    #expect(shown["contractAddress"] == .null)
    #expect(h.devnet.nonce(of: h.payer.address) == 1)
  }
}
