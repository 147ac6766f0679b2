import EVM
import MPPCore
import Tempo

/// Key authorizations as JSON-RPC writes them (`02` §9.4): the SDK's codec, then the chain's own reading of the
/// bytes.
extension KeyGrant {
  init(json: JSONValue) throws(RPCFailure) {
    do {
      let signed = try SignedKeyAuthorization(rpcForm: RPCValue(json))
      try self.init(RLP.decode(signed.serialized[...]))
    } catch {
      throw .invalidParameters("invalid keyAuthorization: \(error)")
    }
  }

  var json: JSONValue {
    do {
      return JSONValue(try SignedKeyAuthorization(parsing: RLP.encode(item)).rpcForm)
    } catch {
      return .null
    }
  }

  static func kind(_ type: UInt8) -> String {
    switch type {
    case 0: "secp256k1"
    case 1: "p256"
    default: "webAuthn"
    }
  }
}

extension CallScopes {
  var json: JSONValue {
    .array(
      targets.map { target in
        let rules = target.rules.map { rule in
          ChainJSON.object([
            ("selector", .string(Quantity.data(Words.selector(rule.selector)))),
            ("recipients", .array(rule.recipients.map { Quantity.json($0) })),
          ])
        }
        return ChainJSON.object([
          ("target", Quantity.json(target.address)), ("selectorRules", .array(rules)),
        ])
      })
  }
}

extension RPCValue {
  /// Numbers become quantities.
  init(_ json: JSONValue) {
    switch json {
    case .null, .number: self = .null
    case .bool(let flag): self = .bool(flag)
    case .integer(let value): self = .string(Hex.quantity(UInt64(clamping: value)))
    case .string(let text): self = .string(text)
    case .array(let values): self = .array(values.map { RPCValue($0) })
    case .object(let members):
      self = .object(members.map { Member($0.key, RPCValue($0.value)) })
    }
  }
}

extension JSONValue {
  init(_ value: RPCValue) {
    switch value {
    case .null: self = .null
    case .bool(let flag): self = .bool(flag)
    case .string(let text): self = .string(text)
    case .array(let values): self = .array(values.map { JSONValue($0) })
    case .object(let members):
      self = .object(members.map { Member(key: $0.name, value: JSONValue($0.value)) })
    }
  }
}
