import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §10.6 and §15 F1–F3: the hosted fee payer.
@Suite struct SponsorEndpoint {
  let h: Harness
  init() throws { h = try Harness() }

  private func ask(_ method: String, _ parameter: JSONValue) async throws -> JSONValue {
    let request: JSONValue = ["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": [parameter]]
    let reply = await h.devnet.exchange(Array(request.serialized().utf8), path: DevnetSponsorPolicy.path)
    guard case .answer(_, let body, _) = reply.outcome else { return .null }
    return try JSONValue(parsing: body)
  }

  private func request(_ call: Call) -> JSONValue {
    [
      "from": .string(h.payer.address.hex), "feePayer": true, "type": "0x76", "nonce": "0x0",
      "nonceKey": .string(UInt256.max.hexQuantity), "gas": "0x186a0", "maxFeePerGas": "0x59682f000",
      "maxPriorityFeePerGas": "0x0", "validBefore": .string(Hex.quantity(h.now + 25)), "accessList": [],
      "calls": [
        ["to": .string(TempoAddress.pathUSD.hex), "value": "0x", "data": .string(Hex.encode(call.data))]
      ],
    ]
  }

  /// The transaction the sender signs, as `request` describes it.
  private func unsigned(_ call: Call) -> TempoTransaction {
    h.transaction([call]) {
      $0.feePayer = .awaitingFeePayer
      $0.validAfter = nil
      $0.validBefore = h.now + 25
    }
  }

  private func signature(_ json: JSONValue?) throws -> RecoverableSignature {
    func word(_ key: String) throws -> Hash32 { try UInt256(quantity: json?[key]?.stringValue ?? "").word }
    return try RecoverableSignature(
      r: word("r"), s: word("s"), yParity: json?["yParity"] == "0x1" ? 1 : 0)
  }

  @Test func f1ASignatureForAFilledTransaction() async throws {
    let call = try h.transfer(1_000, to: h.payee.address)
    let answer = try await ask("eth_fillTransaction", request(call))
    let tx = try #require(answer["result"]?["tx"])
    #expect(tx["feeToken"]?.stringValue == TempoAddress.pathUSD.hex)
    let transaction = unsigned(call)
    let signature = try signature(tx["feePayerSignature"])
    let digest = transaction.feePayerHash(sender: h.payer.address, feeToken: TempoAddress.pathUSD)
    #expect(try Secp256k1.recover(digest, signature).address == h.devnet.sponsor.address)
    #expect(h.devnet.sponsor.address.checksummed == "0xe11d6A43AaAEe32096486114353f251A4eD8da08")
    let handOff = try transaction.signed(with: h.payer.privateKey).handOff(sender: h.payer.address)
    let receipt = try await h.send(
      handOff.completed(feeToken: TempoAddress.pathUSD, feePayerSignature: signature).serialized)
    #expect(receipt.succeeded)
    #expect(receipt.feePayer == h.devnet.sponsor.address)
    #expect(h.units(h.payer) == Harness.initial - 1_000)
    #expect(h.units(h.payee) == Harness.initial + 1_000)
    #expect(h.units(h.devnet.sponsor.address) == Harness.initial - Harness.fee)
  }

  @Test func f2ASponsorThatLies() async throws {
    let call = try h.transfer(1_000, to: h.payee.address)
    let digest = unsigned(call).feePayerHash(sender: h.payer.address, feeToken: TempoAddress.pathUSD)
    h.devnet.sponsorPolicy.claimedFeeToken = TempoAddress.alphaUSD
    var tx = try await ask("eth_fillTransaction", request(call))["result"]?["tx"]
    #expect(tx?["feeToken"]?.stringValue == TempoAddress.alphaUSD.hex)
    #expect(
      try Secp256k1.recover(digest, signature(tx?["feePayerSignature"])).address
        == h.devnet.sponsor.address)
    try await h.rpc("devnet_setSponsorPolicy", ["signsWithWrongKey": true])
    tx = try await ask("eth_fillTransaction", request(call))["result"]?["tx"]
    #expect(
      try Secp256k1.recover(digest, signature(tx?["feePayerSignature"])).address
        != h.devnet.sponsor.address)
    try await h.rpc("devnet_setSponsorPolicy", ["omittedMembers": ["feeToken", "feePayerSignature"]])
    tx = try await ask("eth_fillTransaction", request(call))["result"]?["tx"]
    #expect(tx?["feeToken"] == nil)
    #expect(tx?["feePayerSignature"] == nil)
    try await h.rpc("devnet_setSponsorPolicy", ["refusal": "not you"])
    #expect(try await ask("eth_fillTransaction", request(call))["error"]?["message"] == "not you")
    #expect(h.devnet.requestCount("eth_sendRawTransaction") == 0)
    h.devnet.reset()
    #expect(h.devnet.sponsorPolicy == DevnetSponsorPolicy())
  }

  @Test func handOffsOfBothForms() async throws {
    let call = try h.transfer(1_000, to: h.payee.address)
    let signed = try unsigned(call).signed(with: h.payer.privateKey)
    let handOff = try signed.handOff(sender: h.payer.address).serialized
    let serviceForm = signed.serialized
    #expect(handOff.first == 0x78)
    #expect(serviceForm.first == 0x76)
    let first = try await ask("eth_signRawTransaction", .string(Hex.encode(handOff)))
    let second = try await ask("eth_signRawTransaction", .string(Hex.encode(serviceForm)))
    #expect(first["result"] == second["result"])
    let raw = try Hex.decode(first["result"]?.stringValue ?? "")
    #expect(try await h.send(raw).feePayer == h.devnet.sponsor.address)
    // The main path takes no hand-off.
    #expect(try await h.refusal(handOff)?.message == "failed to decode signed transaction")
  }

  @Test func aHandOffIsSignedAndSentInOneStep() async throws {
    let call = try h.transfer(1_000, to: h.payee.address)
    let handOff = try unsigned(call).signed(with: h.payer.privateKey).handOff(sender: h.payer.address)
    let answer = try await ask("eth_sendRawTransactionSync", .string(Hex.encode(handOff.serialized)))
    #expect(answer["result"]?["status"] == "0x1")
    #expect(answer["result"]?["feePayer"]?.stringValue == h.devnet.sponsor.address.hex)
    let ordinary = try h.raw([call], from: h.payer)
    let forwarded = try await ask("eth_sendRawTransaction", .string(Hex.encode(ordinary)))
    #expect(forwarded["result"]?.stringValue == Keccak256.hash(ordinary).hex)
    #expect(try await ask("eth_chainId", .null)["result"] == "0x539")
  }

  @Test func f3ASenderThatHasNotSigned() async throws {
    let call = try h.transfer(1_000, to: h.payee.address)
    let signed = try unsigned(call).signed(with: h.payer.privateKey)
    let tampered = try signed.handOff(sender: h.stranger.address)
    let answer = try await ask("eth_signRawTransaction", .string(Hex.encode(tampered.serialized)))
    #expect(answer["error"]?["message"] == "the sender in the fee payer slot has not signed")
    let nothing = try await ask("eth_signRawTransaction", "0x76")
    #expect(nothing["error"]?["code"] == -32602)
  }

  @Test func theMainPathFillsOnlyWhenAsked() async throws {
    let call = try h.transfer(1_000, to: h.payee.address)
    #expect(try await h.failure("eth_fillTransaction", request(call))?.code == -32601)
    let filling = try Harness { $0.fillsTransactions = true }
    let plain: JSONValue = [
      "from": .string(h.payer.address.hex), "to": .string(TempoAddress.pathUSD.hex),
      "data": .string(Hex.encode(call.data)),
    ]
    let answer = try await filling.rpc("eth_fillTransaction", plain)
    #expect(answer["tx"]?["gas"] == "0xc350")
    #expect(answer["tx"]?["maxFeePerGas"] == "0x9502f9000")
    #expect(answer["tx"]?["nonce"] == "0x0")
    #expect(answer["tx"]?["chainId"] == "0x539")
    let items = try RLP.decode(Hex.decode(answer["raw"]?.stringValue ?? "")[1...]).list()
    #expect(items.count == 13)
  }

  @Test func theFeePayerCanBeSwitchedOff() async throws {
    let off = try Harness { $0.sponsorEndpoint = false }
    let request: JSONValue = [
      "jsonrpc": "2.0", "id": 1, "method": "eth_signRawTransaction", "params": ["0x76"],
    ]
    let reply = await off.devnet.exchange(Array(request.serialized().utf8), path: DevnetSponsorPolicy.path)
    guard case .answer(_, let body, _) = reply.outcome else { return }
    #expect(try JSONValue(parsing: body)["error"]?["code"] == -32601)
  }
}
