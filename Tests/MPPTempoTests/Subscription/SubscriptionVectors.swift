import EVM
import MPPCore
import MPPTempo
import Tempo
import TestSupport
import Testing

@Suite struct SubscriptionVectors {
  @Test func subscriptionFile() async throws {
    var tally = try Tally(.subscription)
    try await tally.eachAsync("sign", sign)
    try tally.each("verify", verify)
    try tally.each("periodSeconds", periodSeconds)
    try tally.each("expirySeconds", expirySeconds)
    try tally.each("timing", timing)
    try tally.finish()
  }

  // MARK: - Authorizations

  private func terms(_ value: JSONValue) throws -> SubscriptionTerms {
    func text(_ name: String) throws -> String {
      guard let text = value[name]?.stringValue else { throw VectorError("no \(name)") }
      return text
    }
    return SubscriptionTerms(
      amount: try Amount(baseUnits: text("amount")), currency: try Address(hex: text("currency")),
      recipient: try Address(hex: text("recipient")), periodCount: try text("periodCount"),
      periodUnit: try text("periodUnit"), subscriptionExpires: try text("subscriptionExpires"))
  }

  private func accessKey(_ value: JSONValue) throws -> SubscriptionAccessKey? {
    guard !value.isNull else { return nil }
    guard let kind = PrimitiveSignature.Kind(rpcName: value["keyType"]?.stringValue ?? "") else {
      throw VectorError("key type")
    }
    return SubscriptionAccessKey(
      address: try VectorSigner.address(value["accessKeyAddress"]), keyType: kind)
  }

  private func sign(_ vector: VectorCase) async throws {
    try vector.expectMembers([
      "rootPrivateKey", "rootType", "rootAddress", "accessKey", "chainId", "request", "authorization",
      "signPayload", "serialized",
    ])
    let terms = try terms(try vector.require("request"))
    guard let accessKey = try accessKey(try vector.require("accessKey")) else { throw VectorError("no key") }
    let chainID = try VectorSigner.chainID(vector["chainId"])
    let authorization = try SubscriptionAuthorization.make(terms, chainID: chainID, accessKey: accessKey)
    try expect(authorization, try vector.require("authorization"))
    try Tally.expect(authorization.hash.hex, try vector.string("signPayload"), "signPayload")
    let theirs = try SignedKeyAuthorization(parsing: try vector.bytes("serialized"))
    try Tally.expect(theirs.authorization, authorization, "authorization")
    let signer = try VectorSigner.make(
      try vector.string("rootType"), privateKey: try vector.bytes("rootPrivateKey"))
    try Tally.expect(signer.account, try VectorSigner.address(vector["rootAddress"]), "root")
    let ours = try await authorization.signed(by: signer)
    try Tally.expect(
      try VectorSigner.fixedPart(ours.signature), try VectorSigner.fixedPart(theirs.signature), "signature")
    if signer.keyType == .secp256k1 { try Tally.expect(ours, theirs, "signed") }
    for signed in [ours, theirs] {
      let payload = try SubscriptionPayload(parsing: SubscriptionPayload(signed).jsonValue)
      let source = try SubscriptionAuthorization.verify(
        payload, terms: terms, chainID: chainID, accessKey: accessKey)
      try Tally.expect(source, AccountSource(chainID: chainID, address: signer.account), "source")
    }
  }

  /// The reference's object, which has exactly one limit and one scope.
  private func expect(_ authorization: KeyAuthorization, _ value: JSONValue) throws {
    try Tally.expect(authorization.keyID, try VectorSigner.address(value["address"]), "key")
    try Tally.expect(String(authorization.chainID), value["chainId"]?.stringValue, "chain")
    try Tally.expect(authorization.keyType.rpcName, value["type"]?.stringValue, "type")
    try Tally.expect(authorization.expiry.map { Int64($0) }, value["expiry"]?.intValue, "expiry")
    let limits = try (value["limits"]?.arrayValue ?? []).map { limit in
      SpendingLimit(
        token: try VectorSigner.address(limit["token"]),
        amount: try UInt256(decimal: limit["limit"]?.stringValue ?? ""),
        period: UInt64(limit["period"]?.intValue ?? 0))
    }
    try Tally.expect(authorization.limits, limits, "limits")
    let scopes = try (value["scopes"]?.arrayValue ?? []).map { scope in
      CallScope(
        target: try VectorSigner.address(scope["address"]),
        rules: [
          SelectorRule(
            selector: try Selector(try Hex.decode(scope["selector"]?.stringValue ?? "")),
            recipients: try (scope["recipients"]?.arrayValue ?? []).map(VectorSigner.address))
        ])
    }
    try Tally.expect(authorization.allowedCalls, scopes, "scopes")
  }

  private func verify(_ vector: VectorCase) throws {
    try vector.expectMembers(["name", "accessKey", "chainId", "payload", "request", "result", "error"])
    let check: () throws(SubscriptionError) -> AccountSource = try {
      let terms = try terms(try vector.require("request"))
      let accessKey = try accessKey(try vector.require("accessKey"))
      let chainID = try VectorSigner.chainID(vector["chainId"])
      let payload = try vector.require("payload")
      return { () throws(SubscriptionError) in
        try SubscriptionAuthorization.verify(
          try SubscriptionPayload(parsing: payload), terms: terms, chainID: chainID, accessKey: accessKey)
      }
    }()
    guard let source = try expectOutcome(vector, check) else { return }
    try Tally.expect(source.address, try VectorSigner.address(vector["result"]?["address"]), "address")
    try Tally.expect(source.chainID, try VectorSigner.chainID(vector["result"]?["chainId"]), "chain")
  }

  // MARK: - Time

  private func periodSeconds(_ vector: VectorCase) throws {
    try vector.expectMembers(["periodCount", "periodUnit", "result", "error"])
    let count = try vector.string("periodCount")
    let unit = try vector.string("periodUnit")
    let read = { () throws(SubscriptionError) in try SubscriptionPeriod(count: count, unit: unit).seconds }
    let message = vector.error?["message"]?.stringValue ?? ""
    if message.contains("cannot be represented exactly by this Tempo client") {
      vector.differs(.periodBeyondDouble)
      try Tally.expect(try read() > 1 << 53 - 1, true, "seconds")
      return
    }
    guard let seconds = try expectOutcome(vector, read) else { return }
    try Tally.expect(Int64(seconds), vector["result"]?.intValue, "seconds")
  }

  private func expirySeconds(_ vector: VectorCase) throws {
    try vector.expectMembers(["subscriptionExpires", "result", "error"])
    let text = try vector.string("subscriptionExpires")
    let read = { () throws(SubscriptionError) in try SubscriptionExpiry(text).seconds }
    if vector["result"] != nil, isImpossibleDate(text) {
      vector.differs(.impossibleDate)
      try Tally.expectRejected(text, read)
      return
    }
    guard let seconds = try expectOutcome(vector, read) else { return }
    try Tally.expect(Int64(seconds), vector["result"]?.intValue, "seconds")
  }

  private func isImpossibleDate(_ text: String) -> Bool {
    do {
      _ = try Timestamp(rfc3339: text)
      return false
    } catch {
      return error == .impossible
    }
  }

  private func timing(_ vector: VectorCase) throws {
    try vector.expectMembers(["challengeExpires", "subscriptionExpires", "result", "error"])
    let subscriptionExpires = try vector.string("subscriptionExpires")
    let challengeExpires = vector["challengeExpires"]?.stringValue
    let isOK: Void? = try expectOutcome(vector) { () throws(SubscriptionError) in
      try SubscriptionExpiry(subscriptionExpires).checkOutlives(challengeExpires: challengeExpires)
    }
    if isOK != nil { try Tally.expect("ok", vector["result"]?.stringValue, "result") }
  }

  /// The value where the vector has one; `nil` after the error it expects, with its text, type and status.
  private func expectOutcome<Value>(
    _ vector: VectorCase, _ body: () throws(SubscriptionError) -> Value
  ) throws -> Value? {
    let value: Value
    do {
      value = try body()
    } catch {
      guard let expected = vector.error else { throw error }
      try Tally.expect(error.problem.detail, expected["message"]?.stringValue, "detail")
      try Tally.expect(error.problem.type, expected["type"]?.stringValue, "type")
      try Tally.expect(Int64(error.problem.status), expected["status"]?.intValue, "status")
      return nil
    }
    guard vector["result"] != nil else { throw VectorError("accepted: \(value)") }
    return value
  }
}
