import HTTPTypes
import MPPCore

/// A field of a request that a credential must repeat (`01` §14.4).
struct PinnedField: Sendable, Hashable {
  let name: String
  /// Normalised: numbers as text where the rule compares texts, hexadecimal in lower case where it says so.
  let value: JSONValue?
}

/// Ties a credential to the route it is presented at. The MAC proves that some route of ours issued the
/// challenge; this proves it was this one (`01` §14.4).
enum RouteBinding {
  /// The reserved key of the scope in `opaque`.
  static let scopeKey = "_mppx_scope"
  /// Members of `opaque` that a method adds per challenge; not compared.
  static let methodPrefix = "_mpp_"

  /// `METHOD pattern` of a declared route; parameters as `:name`, as the reference's adapter writes them.
  static func scope(method: HTTPRequest.Method, pattern: String) -> String {
    let segments = pattern.split(separator: "/", omittingEmptySubsequences: true).map { segment in
      segment.hasPrefix("{") && segment.hasSuffix("}")
        ? ":" + segment.dropFirst().dropLast() : String(segment)
    }
    return "\(method.rawValue) /\(segments.joined(separator: "/"))"
  }

  /// The meta map of an offer with the scope merged in; `nil` when there is nothing to bind.
  static func meta(_ meta: [String: String], scope: String?) throws(ConfigurationError) -> JSONValue? {
    var members = meta
    if let scope {
      if let present = meta[scopeKey], present != scope {
        throw ConfigurationError(.scope, "Conflicting scope values: \(present), \(scope)")
      }
      members[scopeKey] = scope
    }
    guard !members.isEmpty else { return nil }
    return .object(members.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string($0.value)) })
  }

  /// Whether the credential's challenge is the template's, byte for byte where it counts. The common case.
  static func isExact(_ challenge: Challenge, _ template: OfferTemplate) -> Bool {
    let expected = template.parameters
    return challenge.request == expected.request && challenge.realm.equalsBytes(of: expected.realm)
      && challenge.method.equalsBytes(of: expected.method)
      && challenge.intent.equalsBytes(of: expected.intent)
      && isSame(challenge.opaque, expected.opaque)
  }

  /// The first field in which the credential's challenge differs from the template, or `nil` when it is
  /// bound to it. Throws when `opaque` is not a map of strings.
  static func mismatch(
    _ challenge: Challenge, _ template: OfferTemplate, meta: JSONValue?
  ) throws(ChallengeError) -> String? {
    let expected = template.parameters
    if !challenge.method.equalsBytes(of: expected.method) { return "method" }
    if !challenge.intent.equalsBytes(of: expected.intent) { return "intent" }
    if !challenge.realm.equalsBytes(of: expected.realm) { return "realm" }
    if !isSame(challenge.opaque, expected.opaque) {
      let echoed = try comparable(challenge.opaqueMap())
      if echoed != comparable(meta) { return "opaque" }
    }
    let echoed = pinnedFields(of: challenge.request.value())
    for (mine, theirs) in zip(template.pinned, echoed) where mine.value != theirs.value { return mine.name }
    return nil
  }

  /// The pinned fields of a request in the order in which they are compared.
  static func pinnedFields(of request: JSONValue) -> [PinnedField] {
    let details = request["methodDetails"]
    func either(_ name: String) -> JSONValue? { text(request[name] ?? details?[name]) }
    return [
      PinnedField(name: "amount", value: either("amount")),
      PinnedField(name: "currency", value: either("currency")),
      PinnedField(name: "recipient", value: either("recipient")),
      PinnedField(name: "chainId", value: either("chainId")),
      PinnedField(name: "memo", value: details?["memo"].map(lowercasedHex)),
      PinnedField(name: "sessionProtocol", value: details?["sessionProtocol"]),
      PinnedField(name: "splits", value: details?["splits"].map(lowercasedHex)),
      PinnedField(name: "unitType", value: either("unitType")),
      PinnedField(name: "externalId", value: request["externalId"]),
      PinnedField(name: "supportedModes", value: details?["supportedModes"]),
    ]
  }

  /// Numbers compare as their decimal text.
  private static func text(_ value: JSONValue?) -> JSONValue? {
    guard let number = value?.intValue else { return value }
    return .string(String(number))
  }

  private static func lowercasedHex(_ value: JSONValue) -> JSONValue {
    switch value {
    case .string(let text) where text.utf8.starts(with: "0x".utf8): .string(text.lowercased())
    case .array(let values): .array(values.map(lowercasedHex))
    case .object(let members):
      .object(members.map { .init(key: $0.key, value: lowercasedHex($0.value)) })
    default: value
    }
  }

  /// The map without the members methods add; an empty map counts as one.
  private static func comparable(_ map: JSONValue?) -> JSONValue? {
    guard case .object(let members)? = map else { return nil }
    return .object(members.filter { !$0.key.utf8.starts(with: methodPrefix.utf8) })
  }

  private static func isSame(_ a: String?, _ b: String?) -> Bool {
    switch (a, b) {
    case (nil, nil): true
    case (let a?, let b?): a.equalsBytes(of: b)
    default: false
    }
  }
}
