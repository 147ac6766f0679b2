import EVM
import Tempo
import Testing

@Suite("What a hosted fee payer is asked, and what it may answer (02 §6.5)")
struct FeePayerFillTests {
  private let sender: Address
  private let transaction: TempoTransaction
  private let signature: RecoverableSignature

  init() throws {
    let key = try Samples.key(1)
    sender = key.address
    var transaction = try Samples.transaction()
    transaction.feeToken = nil
    transaction.feePayer = .awaitingFeePayer
    self.transaction = transaction
    let digest = transaction.feePayerHash(sender: sender, feeToken: TempoAddress.alphaUSD)
    signature = try Samples.key(2).sign(digest)
  }

  private func member(_ name: String, _ value: RPCValue) -> RPCValue.Member { .init(name, value) }

  /// An honest answer; `nil` takes a member away.
  private func answer(_ changes: [String: RPCValue?] = [:]) -> RPCValue {
    guard case .object(let asked) = FeePayerFill.request(transaction, from: sender) else { return .null }
    let offer: [RPCValue.Member] = [
      member("feeToken", .string(TempoAddress.alphaUSD.hex)),
      member(
        "feePayerSignature",
        .object([
          member("r", .string(UInt256(signature.r).hexQuantity)),
          member("s", .string(UInt256(signature.s).hexQuantity)),
          member("yParity", .string(Hex.quantity(UInt64(signature.yParity)))),
        ])),
    ]
    var members = (asked + offer).filter { changes[$0.name] == nil }
    for (name, value) in changes { if let value { members.append(member(name, value)) } }
    return .object([member("tx", .object(members))])
  }

  private func fill(_ answer: RPCValue) throws(TempoError) -> FeePayerFill {
    try FeePayerFill(answer: answer, to: transaction, from: sender)
  }

  @Test func theQuestionIsTheTransactionWithoutChainTokenAndSignatures() {
    let call = transaction.calls[0]
    #expect(
      FeePayerFill.request(transaction, from: sender)
        == .object([
          member("from", .string(sender.hex)), member("type", .string("0x76")),
          member(
            "calls",
            .array([
              .object([
                member("to", .string(TempoAddress.pathUSD.hex)), member("value", .string("0x")),
                member("data", .string(Hex.encode(call.data))),
              ])
            ])),
          member("nonce", .string("0x0")), member("nonceKey", .string(UInt256.max.hexQuantity)),
          member("gas", .string("0x927c0")), member("maxFeePerGas", .string("0x59682f000")),
          member("maxPriorityFeePerGas", .string("0x0")),
          member("validBefore", .string(Hex.quantity(UInt64(1_780_000_025)))),
          member("validAfter", .string(Hex.quantity(UInt64(1_234_567_890)))), member("feePayer", .bool(true)),
        ]))
  }

  @Test func tokenAndSignatureAreRead() throws {
    let read = try fill(answer())
    #expect(read.feeToken == TempoAddress.alphaUSD)
    #expect(read.signature == signature)
    // What an answer leaves out, or has beside, says nothing.
    let bare = try fill(
      answer([
        "calls": nil, "gas": RPCValue.null, "from": nil, "hash": .string("0x12"),
        "accessList": .array([]), "keyAuthorization": RPCValue.null,
      ]))
    #expect(bare == read)
  }

  @Test(arguments: ["feeToken", "feePayerSignature"])
  func whatIsMissingIsNamed(_ name: String) {
    for value in [nil, .null, .string("0x"), .array([])] as [RPCValue?] {
      #expect(throws: TempoError.invalidField(name)) { try fill(answer([name: value])) }
    }
    #expect(throws: TempoError.invalidField("tx")) { try fill(.object([])) }
    #expect(throws: TempoError.invalidField("tx")) { try fill(.string("0x76")) }
  }

  @Test(arguments: [
    "type", "chainId", "nonce", "nonceKey", "gas", "maxFeePerGas", "maxPriorityFeePerGas", "validBefore",
    "validAfter",
  ])
  func anotherNumberIsRefused(_ name: String) {
    for value in ["0x1", "many", "0x1" + String(repeating: "0", count: 64)] {
      #expect(throws: TempoError.invalidField(name)) { try fill(answer([name: .string(value)])) }
    }
  }

  @Test func anotherSenderListOrKeyIsRefused() async throws {
    for (name, value) in [
      ("from", .string(TempoAddress.dex.hex)),
      ("accessList", .array([.object([])])), ("authorizationList", .array([.object([])])),
      ("aaAuthorizationList", .array([.object([])])), ("accessList", .string("0x")),
    ] as [(String, RPCValue)] {
      #expect(throws: TempoError.invalidField(name)) { try fill(answer([name: value])) }
    }
    let grant = try await KeyAuthorization(
      chainID: transaction.chainID, keyType: .secp256k1, keyID: TempoAddress.dex
    ).signed(by: .secp256k1(try Samples.key(1)))
    #expect(throws: TempoError.invalidField("keyAuthorization")) {
      try fill(answer(["keyAuthorization": grant.rpcForm]))
    }
    var granting = transaction
    granting.keyAuthorization = grant
    _ = try FeePayerFill(answer: answer(["keyAuthorization": grant.rpcForm]), to: granting, from: sender)
  }

  @Test func otherCallsAreRefused() {
    let call = transaction.calls[0]
    func calls(_ members: [RPCValue.Member]) -> RPCValue { .array([.object(members)]) }
    let to = member("to", .string(TempoAddress.pathUSD.hex))
    let data = member("data", .string(Hex.encode(call.data)))
    let others: [RPCValue] = [
      .array([]), .string("0x"), .array([.null]), calls([data]), calls([to]),
      calls([member("to", .string(TempoAddress.dex.hex)), data]),
      calls([to, data, member("value", .string("0x1"))]),
      calls([to, data, member("input", .string("0x"))]), calls([to, member("input", .string("0x1234"))]),
      .array([.object([to, data]), .object([to, data])]),
    ]
    for value in others {
      #expect(throws: TempoError.invalidField("calls")) { try fill(answer(["calls": value])) }
    }
    #expect(throws: Never.self) {
      try fill(answer(["calls": calls([to, member("input", .string(Hex.encode(call.data)))])]))
    }
  }

  @Test func signaturesThatNoChainTakesAreRefused() {
    let high = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"
    for (r, s, parity) in [("0x0", "0x1", "0x0"), ("0x1", high, "0x0"), ("0x1", "0x1", "0x2")] {
      let value = RPCValue.object([
        member("r", .string(r)), member("s", .string(s)), member("yParity", .string(parity)),
      ])
      let error = #expect(throws: TempoError.self) { try fill(answer(["feePayerSignature": value])) }
      guard case .signature? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }
}
