import EVM
import MPPCore

/// Key authorizations as JSON-RPC writes them (`02` §9.4).
extension KeyGrant {
  /// For simulations: of the signature only the kind and the size count.
  init(json: JSONValue) throws(RPCFailure) {
    func member(_ name: String) -> JSONValue? {
      guard let value = json[name], !value.isNull else { return nil }
      return value
    }
    func integer(_ name: String) throws(RPCFailure) -> UInt64? {
      guard let value = member(name) else { return nil }
      return try RPCParameters.quantity(value, "keyAuthorization.\(name)")
    }
    let kinds = ["secp256k1", "p256", "webAuthn"]
    guard let type = kinds.firstIndex(of: json["keyType"]?.stringValue ?? kinds[0]) else {
      throw .invalidParameters("invalid keyAuthorization.keyType")
    }
    let terms = KeyTerms(
      keyID: try RPCParameters.address(json["keyId"], "keyAuthorization.keyId"), type: UInt8(type),
      expiry: try integer("expiry") ?? .max, limits: try Self.limits(member("limits")),
      scopes: try Self.scopes(member("allowedCalls")),
      witness: try member("witness").map { value throws(RPCFailure) in
        try RPCParameters.hash(value, "keyAuthorization.witness")
      }, isAdmin: member("isAdmin")?.boolValue ?? false)
    let account = try member("account").map { value throws(RPCFailure) in
      try RPCParameters.address(value, "keyAuthorization.account")
    }
    self.init(
      chainID: try integer("chainId") ?? 0, terms: terms, account: account,
      signature: try Self.placeholder(member("signature")))
  }

  private static func limits(_ json: JSONValue?) throws(RPCFailure) -> [KeyTerms.Limit]? {
    guard let items = json?.arrayValue else { return nil }
    var limits: [KeyTerms.Limit] = []
    for item in items {
      let period = item["period"].flatMap { $0.isNull ? nil : $0 }
      limits.append(
        KeyTerms.Limit(
          token: try RPCParameters.address(item["token"], "limits.token"),
          amount: try RPCParameters.uint256(item["limit"], "limits.limit"),
          period: try period.map { value throws(RPCFailure) in
            try RPCParameters.quantity(value, "limits.period")
          } ?? 0))
    }
    return limits
  }

  private static func scopes(_ json: JSONValue?) throws(RPCFailure) -> CallScopes? {
    guard let items = json?.arrayValue else { return nil }
    var scopes = CallScopes(targets: [])
    for item in items {
      var target = CallScopes.Target(
        address: try RPCParameters.address(item["target"], "allowedCalls.target"), rules: [])
      for rule in item["selectorRules"]?.arrayValue ?? [] {
        let selector = try RPCParameters.bytes(rule["selector"], "selectorRules.selector")
        guard selector.count == 4 else { throw .invalidParameters("invalid selectorRules.selector") }
        var recipients: [Address] = []
        for recipient in rule["recipients"]?.arrayValue ?? [] {
          recipients.append(try RPCParameters.address(recipient, "selectorRules.recipients"))
        }
        target.rules.append(
          CallScopes.Rule(selector: selector.reduce(0) { $0 << 8 | UInt32($1) }, recipients: recipients))
      }
      scopes.targets.append(target)
    }
    return scopes
  }

  /// Bytes that cost what the signature would.
  private static func placeholder(_ json: JSONValue?) throws(RPCFailure) -> [UInt8] {
    switch json?["type"]?.nameValue {
    case "p256": return [1] + [UInt8](repeating: 0, count: 129)
    case "webAuthn":
      let data = try RPCParameters.bytes(json?["webauthnData"], "signature.webauthnData")
      return [2] + data + [UInt8](repeating: 0, count: 128)
    default: return [UInt8](repeating: 0, count: 65)
    }
  }

  /// As `eth_getTransactionByHash` shows it.
  var json: JSONValue {
    ChainJSON.object([
      ("chainId", Quantity.hex(chainID)), ("keyType", .string(Self.kind(terms.type))),
      ("keyId", Quantity.json(terms.keyID)),
      ("expiry", terms.expiry == .max ? .null : Quantity.hex(terms.expiry)),
      ("limits", terms.limits.map { .array($0.map(Self.json)) } ?? .null),
      ("allowedCalls", terms.scopes.map(Self.json) ?? .null),
      ("witness", terms.witness.map(Quantity.hash) ?? .null), ("isAdmin", .bool(terms.isAdmin)),
      ("account", Quantity.json(account)), ("signature", ChainJSON.envelope(signature)),
    ])
  }

  static func kind(_ type: UInt8) -> String {
    switch type {
    case 0: "secp256k1"
    case 1: "p256"
    default: "webAuthn"
    }
  }

  private static func json(_ limit: KeyTerms.Limit) -> JSONValue {
    ChainJSON.object([
      ("token", Quantity.json(limit.token)), ("limit", .string(limit.amount.hexQuantity)),
      ("period", Quantity.hex(limit.period)),
    ])
  }

  static func json(_ scopes: CallScopes) -> JSONValue {
    .array(
      scopes.targets.map { target in
        let rules = target.rules.map { rule in
          let selector = JSONValue.string(Quantity.data(Words.selector(rule.selector)))
          guard !rule.recipients.isEmpty else { return ChainJSON.object([("selector", selector)]) }
          return ChainJSON.object([
            ("selector", selector), ("recipients", .array(rule.recipients.map { Quantity.json($0) })),
          ])
        }
        guard !rules.isEmpty else { return ChainJSON.object([("target", Quantity.json(target.address))]) }
        return ChainJSON.object([
          ("target", Quantity.json(target.address)), ("selectorRules", .array(rules)),
        ])
      })
  }
}
