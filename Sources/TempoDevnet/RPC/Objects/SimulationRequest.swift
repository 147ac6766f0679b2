import EVM
import MPPCore

/// The transaction object of `eth_call` and `eth_estimateGas`, plain or Tempo-shaped (`03` §10.4, `02` §5.2).
/// Unknown members are ignored, as nodes do. `feePayer` says only who pays; what is not an address is ignored.
struct SimulationRequest: Sendable {
  var from: Address = .zero
  var content: DecodedTransaction
  var gas: UInt64?
  var hasNonce = false
  /// Signature gas that the hints about the later signer announce.
  var hintedGas: UInt64 = 0
  /// Who would pay, when the request says so.
  var feePayer: Address?
  /// `r ‖ s ‖ 27/28` of a fee payer that has signed.
  var sponsorSignature: [UInt8]?
  /// The access key that is going to sign.
  var keyID: Address?

  private static let tempoMembers = [
    "calls", "feeToken", "nonceKey", "validBefore", "validAfter", "keyType", "keyData", "keyId",
    "keyAuthorization", "feePayerSignature", "aaAuthorizationList",
  ]

  init(_ json: JSONValue?) throws(RPCFailure) {
    guard let json, json.objectValue != nil else {
      throw .invalidParameters("invalid argument 0: expected a transaction object")
    }
    let isTempo =
      Self.tempoMembers.contains { Self.member(json, $0) != nil } || json["type"]?.isText("0x76") == true
    content = DecodedTransaction(kind: isTempo ? .tempo : .eip1559)
    if let value = Self.member(json, "from") { from = try RPCParameters.address(value, "from") }
    if let value = Self.member(json, "gas") { gas = try RPCParameters.quantity(value, "gas") }
    if let value = Self.member(json, "chainId") {
      content.chainID = try RPCParameters.quantity(value, "chainId")
    }
    if let value = Self.member(json, "maxFeePerGas") ?? Self.member(json, "gasPrice") {
      content.maxFee = try RPCParameters.uint256(value, "maxFeePerGas").uint128 ?? .max
    }
    if let value = Self.member(json, "maxPriorityFeePerGas") {
      content.maxPriorityFee = try RPCParameters.uint256(value, "maxPriorityFeePerGas").uint128 ?? .max
    }
    if let text = json["feePayer"]?.stringValue {
      feePayer = try RPCParameters.address(.string(text), "feePayer")
    }
    sponsorSignature = try Self.member(json, "feePayerSignature").map(Self.signature)
    try readCalls(json)
    try readNonceAndWindow(json)
    try readHints(json)
  }

  private mutating func readCalls(_ json: JSONValue) throws(RPCFailure) {
    if let calls = Self.member(json, "calls") {
      guard let items = calls.arrayValue, items.count <= 256 else {
        throw .invalidParameters("invalid calls: expected an array")
      }
      for item in items {
        guard item.objectValue != nil else { throw .invalidParameters("invalid calls: expected objects") }
        content.calls.append(try Self.call(item))
      }
    }
    // A top-level target is the last call; without calls, no target is a creation.
    if Self.member(json, "to") != nil || content.calls.isEmpty { content.calls.append(try Self.call(json)) }
  }

  private static func call(_ json: JSONValue) throws(RPCFailure) -> ChainTransaction.Call {
    var data: [UInt8] = []
    if let value = member(json, "data") { data = try RPCParameters.bytes(value, "data") }
    if let value = member(json, "input") {
      let input = try RPCParameters.bytes(value, "input")
      guard member(json, "data") == nil || input == data else {
        throw .invalidParameters("both data and input are set and not equal")
      }
      data = input
    }
    let to: Address? =
      if let value = member(json, "to") { try RPCParameters.address(value, "to") } else { nil }
    let value: UInt256 =
      if let value = member(json, "value") { try RPCParameters.uint256(value, "value") } else { .zero }
    return ChainTransaction.Call(to: to, value: value, data: data)
  }

  /// `{r, s, yParity}` or `{r, s, v}`.
  private static func signature(_ json: JSONValue) throws(RPCFailure) -> [UInt8] {
    let r = try RPCParameters.uint256(json["r"], "feePayerSignature.r").bytes32
    let s = try RPCParameters.uint256(json["s"], "feePayerSignature.s").bytes32
    let parity = try RPCParameters.quantity(json["yParity"] ?? json["v"], "feePayerSignature.yParity")
    return r + s + [27 + UInt8(truncatingIfNeeded: parity >= 27 ? parity - 27 : parity) & 1]
  }

  private mutating func readNonceAndWindow(_ json: JSONValue) throws(RPCFailure) {
    if let value = Self.member(json, "nonce") {
      content.nonce = try RPCParameters.quantity(value, "nonce")
      hasNonce = true
    }
    if let value = Self.member(json, "nonceKey") {
      content.nonceKey = try RPCParameters.uint256(value, "nonceKey")
    }
    if let value = Self.member(json, "validBefore") {
      content.validBefore = Self.nonZero(try RPCParameters.quantity(value, "validBefore"))
    }
    if let value = Self.member(json, "validAfter") {
      content.validAfter = Self.nonZero(try RPCParameters.quantity(value, "validAfter"))
    }
    if let value = Self.member(json, "feeToken") {
      content.feeToken = try RPCParameters.address(value, "feeToken")
    }
  }

  private mutating func readHints(_ json: JSONValue) throws(RPCFailure) {
    switch json["keyType"]?.nameValue {
    case "p256": hintedGas += 5_000
    case "webAuthn":
      // A length as one, two or four bytes; anything longer is the data itself.
      let hint =
        try Self.member(json, "keyData").map { value throws(RPCFailure) in
          try RPCParameters.bytes(value, "keyData")
        } ?? []
      let length = hint.count <= 4 ? hint.reduce(0) { $0 << 8 | UInt64($1) } : UInt64(hint.count)
      hintedGas += 5_000 + 16 * min(length, 2_048)
    default: break
    }
    if let value = Self.member(json, "keyId") {
      keyID = try RPCParameters.address(value, "keyId")
      hintedGas += 3_000
    }
    if let value = Self.member(json, "keyAuthorization") { content.keyGrant = try KeyGrant(json: value) }
  }

  private static func member(_ json: JSONValue, _ name: String) -> JSONValue? {
    guard let value = json[name], !value.isNull else { return nil }
    return value
  }

  private static func nonZero(_ value: UInt64) -> UInt64? { value == 0 ? nil : value }
}
