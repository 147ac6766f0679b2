import EVM
import MPPCore
import Tempo
import TestSupport

extension Reading {
  /// The reference's object of a key authorization, without its signature.
  ///
  /// One of its objects has no bytes of ours: scopes without limits, witness, admin marker and account. The
  /// reference writes an empty list in the place of the limits, which the chain reads as "no spending"
  /// (`02` §9.2). The bytes decide, so such an object is read as what they say.
  static func keyAuthorization(_ value: JSONValue) throws -> KeyAuthorization {
    var authorization = try plainKeyAuthorization(value)
    if isMiswritten(value) { authorization.limits = [] }
    return authorization
  }

  static func isMiswritten(_ value: JSONValue) -> Bool {
    value["scopes"] != nil && value["limits"] == nil && value["witness"] == nil
      && value["isAdmin"]?.boolValue != true && value["account"] == nil
  }

  /// As the object says, whatever the bytes beside it are.
  static func plainKeyAuthorization(_ value: JSONValue) throws -> KeyAuthorization {
    let known: Set = [
      "address", "chainId", "type", "expiry", "limits", "scopes", "witness", "isAdmin", "account",
      "signature",
    ]
    for member in value.objectValue ?? [] where !known.contains(member.key) {
      throw VectorError("unknown member \(member.key) of a key authorization")
    }
    return KeyAuthorization(
      chainID: try uint64(value["chainId"]),
      keyType: try VectorSigner.kind(value["type"]?.stringValue ?? ""), keyID: try address(value["address"]),
      expiry: try value["expiry"].map { try uint64($0) },
      limits: try value["limits"]?.arrayValue?.map { limit in
        SpendingLimit(
          token: try address(limit["token"]), amount: try uint256(limit["limit"]),
          period: try uint64(limit["period"]))
      },
      allowedCalls: try value["scopes"]?.arrayValue.map(scopes),
      witness: try value["witness"].map { try hash($0) }, isAdmin: value["isAdmin"]?.boolValue ?? false,
      account: try value["account"].map { try address($0) })
  }

  /// The reference lists selectors, the chain targets with their selectors.
  private static func scopes(_ values: [JSONValue]) throws -> [CallScope] {
    var scopes: [CallScope] = []
    for value in values {
      let target = try address(value["address"])
      let rules = try value["selector"].map { selector in
        [
          SelectorRule(
            selector: try Selector(try bytes(selector)),
            recipients: try (value["recipients"]?.arrayValue ?? []).map { try address($0) })
        ]
      }
      if let index = scopes.firstIndex(where: { $0.target == target }) {
        scopes[index].rules += rules ?? []
      } else {
        scopes.append(CallScope(target: target, rules: rules ?? []))
      }
    }
    return scopes
  }
}
