/// Why a header value or an object is not a receipt.
public enum ReceiptError: Error, Hashable, Sendable {
  /// More than ``Receipt/maximumCharacters``; nothing was decoded.
  case tooLarge
  /// Not base64url, not a JSON object, or a member twice.
  case invalidEncoding
  /// A required member is missing, or a member does not have its form.
  case invalidField(String)
}

/// Proof of success, in `Payment-Receipt` or as the last event of a stream (`01` §6).
///
/// Keeps all members in their order, so that parsing and serialising again gives the same bytes and nothing a
/// method has added is lost.
public struct Receipt: Sendable, Hashable {
  /// Bytes of the header value.
  public static let maximumCharacters = 16_384

  /// All members, in the order of the text; the base fields are checked.
  public let members: [JSONValue.Member]

  /// Checks the base fields and keeps everything else.
  public init(members: [JSONValue.Member]) throws(ReceiptError) {
    self.members = members
    guard !CanonicalJSON.hasDuplicateKeys(members) else { throw .invalidEncoding }
    for key in ["method", "reference", "status", "timestamp"] where text(key) == nil {
      throw .invalidField(key)
    }
    for key in ["externalId", "subscriptionId"] {
      guard value[key] == nil || text(key) != nil else { throw .invalidField(key) }
    }
    guard status.equalsBytes(of: "success") else { throw .invalidField("status") }
    guard Timestamp.isWellFormed(timestamp) else { throw .invalidField("timestamp") }
  }

  /// A receipt in the member order of the reference: `method`, `reference`, `externalId`, `subscriptionId`,
  /// `status`, `timestamp`, then `extra`. The timestamp is written as it is given.
  public init(
    method: String, reference: String, timestamp: String, externalID: String? = nil,
    subscriptionID: String? = nil, extra: [JSONValue.Member] = []
  ) throws(ReceiptError) {
    var members: [JSONValue.Member] = [
      .init(key: "method", value: .string(method)), .init(key: "reference", value: .string(reference)),
    ]
    if let externalID { members.append(.init(key: "externalId", value: .string(externalID))) }
    if let subscriptionID { members.append(.init(key: "subscriptionId", value: .string(subscriptionID))) }
    members.append(.init(key: "status", value: .string("success")))
    members.append(.init(key: "timestamp", value: .string(timestamp)))
    try self.init(members: members + extra)
  }

  /// Reads a `Payment-Receipt` value.
  public init(parsing header: String) throws(ReceiptError) {
    guard header.utf8.count <= Self.maximumCharacters else { throw .tooLarge }
    guard let bytes = try? Base64URL.decode(header), let value = try? JSONValue(parsing: bytes),
      case .object(let members) = value
    else { throw .invalidEncoding }
    try self.init(members: members)
  }

  /// The header value.
  public func serialized() -> String {
    Base64URL.encode(value.serializedBytes())
  }

  /// The whole receipt as a JSON object.
  public var value: JSONValue { .object(members) }
  /// Payment method, for example `tempo`.
  public var method: String { text("method") ?? "" }
  /// Nil when the server does not write it.
  public var intent: String? { text("intent") }
  /// Always `success`.
  public var status: String { text("status") ?? "" }
  /// The text as the server wrote it.
  public var timestamp: String { text("timestamp") ?? "" }
  /// Transaction hash, invoice id, channel id.
  public var reference: String { text("reference") ?? "" }
  /// The challenge that was answered; nil when the server does not write it. The text alone proves nothing.
  public var challengeID: String? { text("challengeId") }
  /// The seller's own reference; nil without one.
  public var externalID: String? { text("externalId") }
  /// Nil for everything but subscriptions.
  public var subscriptionID: String? { text("subscriptionId") }

  /// The members beyond the base fields, in their order.
  public var extra: [JSONValue.Member] {
    let base = ["method", "reference", "status", "timestamp", "externalId", "subscriptionId"]
    return members.filter { member in !base.contains { $0.equalsBytes(of: member.key) } }
  }

  /// The member as a text, nil when it is absent or something else.
  public func text(_ key: String) -> String? {
    value[key]?.stringValue
  }
}
