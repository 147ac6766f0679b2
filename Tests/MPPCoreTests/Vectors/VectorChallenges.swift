import MPPCore
import TestSupport

/// Readers of the in-memory objects that the vector files hold.
enum VectorChallenges {
  static func challenge(_ value: JSONValue) throws -> Challenge {
    guard let id = value["id"]?.stringValue else { throw VectorError("challenge without id: \(value)") }
    return Challenge(id: id, parameters: try parameters(value))
  }

  static func parameters(_ value: JSONValue) throws -> ChallengeParameters {
    let known = [
      "id", "secretKey", "realm", "method", "intent", "request", "expires", "description", "digest", "opaque",
      "meta",
    ]
    for member in value.objectValue ?? [] where !known.contains(member.key) {
      throw VectorError("challenge with unknown member \(member.key)")
    }
    guard let realm = value["realm"]?.stringValue, let method = value["method"]?.stringValue,
      let intent = value["intent"]?.stringValue, let request = value["request"]
    else { throw VectorError("challenge without a required field: \(value)") }
    var opaque = value["opaque"]?.stringValue
    if opaque == nil, let meta = value["meta"] { opaque = try ChallengeParameters.opaque(meta) }
    return ChallengeParameters(
      realm: realm, method: method, intent: intent, request: try RawRequest(request),
      expires: value["expires"]?.stringValue, description: value["description"]?.stringValue,
      digest: value["digest"]?.stringValue, opaque: opaque)
  }

  /// `meta` is the decoded view of `opaque`; it is compared there.
  static func withoutMeta(_ value: JSONValue) -> JSONValue {
    .object((value.objectValue ?? []).filter { $0.key != "meta" })
  }

  /// Whether a server may issue it (`01` §3.2, §4.4): no control characters, non-ASCII or `|` in what the id
  /// covers.
  static func isIssuable(_ parameters: ChallengeParameters) -> Bool {
    [
      parameters.realm, parameters.method, parameters.intent, parameters.expires ?? "",
      parameters.digest ?? "",
      parameters.opaque ?? "",
    ].allSatisfy { $0.unicodeScalars.allSatisfy { (0x20...0x7E).contains($0.value) && $0 != "|" } }
  }
}
