import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §9.5: several calls in one, with and without a deployed contract.
@Suite struct Multicalls {
  private static let wrapper: [UInt8] = Array("the wrapper's code".utf8)
  private static let program: [UInt8] = Array("the multicall's code".utf8)
  private static let validator: [UInt8] = Array("the validator's code".utf8)

  let h: Harness

  init() throws {
    func known(_ code: [UInt8]) -> DeploylessPrograms.Program {
      DeploylessPrograms.Program(count: code.count, hash: Keccak256.hash(code))
    }
    h = try Harness {
      $0.deployless.multicallWrapper = known(Self.wrapper)
      $0.deployless.multicall = known(Self.program)
      $0.deployless.signatureValidator = known(Self.validator)
    }
  }

  private static let aggregate3 = ABIFunction(
    "aggregate3", [.array(.tuple([.address, .bool, .bytes]))],
    returns: [.array(.tuple([.bool, .bytes]))])

  private func calls(_ entries: [(Address, Bool, [UInt8])]) throws -> [UInt8] {
    try Self.aggregate3.encode([
      .array(entries.map { .tuple([.address($0.0), .bool($0.1), .bytes($0.2)]) })
    ])
  }

  private func results(_ answer: JSONValue) throws -> [(Bool, [UInt8])] {
    try Self.aggregate3.decodeReturn(try Hex.decode(answer.stringValue ?? ""))[0].members().map {
      let members = try $0.members()
      return (try members[0].bool(), try members[1].bytes())
    }
  }

  private func read(_ data: [UInt8]) async throws -> JSONValue {
    try await h.rpc(
      "eth_call", ["to": .string(TempoAddress.multicall3.hex), "data": .string(Hex.encode(data))])
  }

  @Test func aFailingCallLeavesTheOthersAlone() async throws {
    let name = try TIP20ABI.name.encode([])
    let data = try calls([
      (TempoAddress.pathUSD, false, name), (TempoAddress.pathUSD, true, [1, 2, 3, 4]),
      (h.stranger.address, false, []), (TempoAddress.alphaUSD, false, name),
    ])
    let answers = try results(try await read(data))
    #expect(answers.map(\.0) == [true, false, true, true])
    #expect(answers[1].1.prefix(4) == [0xaa, 0x4b, 0xc6, 0x9a])
    #expect(answers[2].1.isEmpty)
    #expect(try TIP20ABI.name.decodeReturn(answers[3].1) == [.string("AlphaUSD")])
  }

  @Test func aFailureThatIsNotAllowedUndoesAll() async throws {
    let data = try calls([(TempoAddress.pathUSD, false, [1, 2, 3, 4])])
    let error = try await h.failure(
      "eth_call", ["to": .string(TempoAddress.multicall3.hex), "data": .string(Hex.encode(data))])
    #expect(error?.message == "execution reverted: Multicall3: call failed")
    #expect(error?.data?.stringValue?.hasPrefix("0x08c379a0") == true)
  }

  @Test func theCallerIsTheContract() async throws {
    h.devnet.setBalance(Amount(units: 10), of: TempoAddress.multicall3)
    let transfer = try TIP20Call.transfer(to: h.payee.address, amount: 4).calldata()
    let tooMuch = try TIP20Call.transfer(to: h.payee.address, amount: 7).calldata()
    let data = try calls([
      (TempoAddress.pathUSD, true, transfer), (TempoAddress.pathUSD, true, tooMuch),
    ])
    let receipt = try await h.send(Call(to: TempoAddress.multicall3, data: data), from: h.payer)
    #expect(receipt.succeeded)
    #expect(receipt.logs.dropLast() == [try h.transferLog(TempoAddress.multicall3, h.payee.address, 4)])
    #expect(h.units(TempoAddress.multicall3) == 6)
  }

  @Test func theOtherFormsAndTheBlock() async throws {
    let entry = ABIType.tuple([.address, .bytes])
    let name = ABIValue.array([
      .tuple([.address(TempoAddress.pathUSD), .bytes(try TIP20ABI.symbol.encode([]))])
    ])
    let aggregate = ABIFunction("aggregate", [.array(entry)], returns: [.uint256, .array(.bytes)])
    let plain = try aggregate.decodeReturn(
      try Hex.decode(try await read(try aggregate.encode([name])).stringValue ?? ""))
    #expect(plain[0] == .uint(0 as UInt64))
    let tryAggregate = ABIFunction(
      "tryAggregate", [.bool, .array(entry)], returns: [.array(.tuple([.bool, .bytes]))])
    let bad = ABIValue.array([.tuple([.address(TempoAddress.pathUSD), .bytes([9, 9, 9, 9])])])
    let tried = try tryAggregate.decodeReturn(
      try Hex.decode(try await read(try tryAggregate.encode([.bool(false), bad])).stringValue ?? ""))
    #expect(try tried[0].members()[0].members()[0] == .bool(false))
    for (signature, value) in [
      ("getChainId()", 1337 as UInt64), ("getCurrentBlockTimestamp()", Harness.t0), ("getBlockNumber()", 0),
      ("getBasefee()", 20_000_000_000),
    ] {
      let answer = try await read(ABI.selector(signature))
      #expect(answer.stringValue == UInt256(value).word.hex, "\(signature)")
    }
    #expect(
      try await h.failure("eth_call", ["to": .string(TempoAddress.multicall3.hex), "data": "0x01020304"])?
        .data
        == "0x")
    #expect(try await h.rpc("eth_getCode", .string(TempoAddress.multicall3.hex), "latest") == "0xfe")
  }

  @Test func multicallsInMulticallsAreBounded() async throws {
    var data = try calls([])
    for _ in 0..<8 { data = try calls([(TempoAddress.multicall3, false, data)]) }
    let error = try await h.failure(
      "eth_call", ["to": .string(TempoAddress.multicall3.hex), "data": .string(Hex.encode(data))])
    #expect(error?.code == 3)
  }

  @Test func f7ACallThatBringsItsCodeAlong() async throws {
    let inner = try calls([
      (TempoAddress.pathUSD, true, try TIP20ABI.name.encode([])),
      (TempoAddress.pathUSD, true, try TIP20ABI.symbol.encode([])),
      (TempoAddress.pathUSD, true, try TIP20ABI.currency.encode([])),
    ])
    let arguments = try ABI.encode([
      (.bytes, .bytes(Self.program)), (.bytes, .bytes(inner)),
    ])
    let answer = try await h.rpc(
      "eth_call", ["data": .string(Hex.encode(Self.wrapper + arguments))], "latest")
    let texts = try results(answer).map { try TIP20ABI.name.decodeReturn($0.1)[0].string() }
    #expect(texts == ["pathUSD", "pathUSD", "USD"])
    let other = try ABI.encode([(.bytes, .bytes([1])), (.bytes, .bytes(inner))])
    let error = try await h.failure("eth_call", ["data": .string(Hex.encode(Self.wrapper + other))])
    #expect(error?.code == 3)
    #expect(error?.data == "0x")
    #expect(try await h.rpc("eth_call", ["data": "0x"], "latest") == "0x")
  }

  @Test func theSignatureValidatorKnowsAllKindsOfKey() async throws {
    let digest = Keccak256.hash(utf8: "message")
    func ask(_ signer: Address, _ signature: [UInt8]) async throws -> JSONValue {
      let arguments = try ABI.encode([
        (.address, .address(signer)), (.bytes32, .bytes32(digest)), (.bytes, .bytes(signature)),
      ])
      return try await h.rpc("eth_call", ["data": .string(Hex.encode(Self.validator + arguments))])
    }
    let signature = h.payer.privateKey.sign(digest).bytes65
    #expect(try await ask(h.payer.address, signature) == "0x01")
    #expect(try await ask(h.payee.address, signature) == "0x00")
    let passkey = try P256PrivateKey([UInt8](repeating: 1, count: 32))
    let p256 = try passkey.sign(digest, prehash: false)
    let envelope =
      [1] + p256.r.bytes + p256.s.bytes + passkey.publicKey.x.bytes + passkey.publicKey.y.bytes + [0]
    #expect(try await ask(passkey.address, envelope) == "0x01")
  }
}
