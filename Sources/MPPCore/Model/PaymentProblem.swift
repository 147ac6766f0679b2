/// A failure of the payment path as the peer sees it: a problem document (RFC 9457, `01` §11).
///
/// Decide by `code`, never by title or detail.
public struct PaymentProblem: Error, Sendable {
  /// An open vocabulary: the part of the type URI after `https://paymentauth.org/problems/`.
  public struct Code: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The last part of the type URI, for example `session/invalid-signature`.
    public let rawValue: String

    /// For problems of methods and applications of your own; nothing is checked.
    public init(rawValue: String) {
      self.rawValue = rawValue
    }

    public var description: String { rawValue }

    public static func == (left: Self, right: Self) -> Bool {
      left.rawValue.equalsBytes(of: right.rawValue)
    }

    public func hash(into hasher: inout Hasher) {
      rawValue.hashBytes(into: &hasher)
    }
  }

  /// What every type URI of the protocol begins with.
  public static let typePrefix = "https://paymentauth.org/problems/"

  /// What to decide by.
  public var code: Code
  /// HTTP status of the response.
  public var status: Int
  /// Short, for people; the same for every problem of a code.
  public var title: String
  /// For people; sent to the peer, so it must contain nothing internal.
  public var detail: String
  /// What the payer can do, for people and agents; nil: left out.
  public var hint: String?
  /// Details of a failed verification; omitted when empty.
  public var details: [JSONValue.Member]
  /// The id of the fresh challenge that goes with the problem, never that of the rejected one.
  public var challengeID: String?
  /// Seconds for a `Retry-After` field.
  public var retryAfter: Int?
  /// Further members of the document.
  public var extensions: [JSONValue.Member]

  /// - Parameters:
  ///   - status: HTTP status. Servers of this package add fresh challenges to 400, 402 and 410, and to no
  ///     other.
  ///   - retryAfter: seconds.
  public init(
    code: Code, status: Int, title: String, detail: String, hint: String? = nil,
    details: [JSONValue.Member] = [], challengeID: String? = nil, retryAfter: Int? = nil,
    extensions: [JSONValue.Member] = []
  ) {
    self.code = code
    self.status = status
    self.title = title
    self.detail = detail
    self.hint = hint
    self.details = details
    self.challengeID = challengeID
    self.retryAfter = retryAfter
    self.extensions = extensions
  }

  /// The type URI.
  public var type: String {
    Self.typePrefix + code.rawValue
  }

  /// The document, in the member order of the reference.
  public func body() -> JSONValue {
    var members: [JSONValue.Member] = [
      .init(key: "type", value: .string(type)), .init(key: "title", value: .string(title)),
      .init(key: "status", value: .integer(Int64(status))), .init(key: "detail", value: .string(detail)),
    ]
    if !details.isEmpty { members.append(.init(key: "details", value: .object(details))) }
    if let hint { members.append(.init(key: "hint", value: .string(hint))) }
    if let challengeID { members.append(.init(key: "challengeId", value: .string(challengeID))) }
    return .object(members + extensions)
  }

  /// Reads a document of a server; nil when it is not one. Unknown types are kept as they are.
  public init?(document: JSONValue) {
    guard let type = document["type"]?.stringValue, type.utf8.starts(with: Self.typePrefix.utf8) else {
      return nil
    }
    let known = ["type", "title", "status", "detail", "details", "hint", "challengeId"]
    self.init(
      code: Code(rawValue: String(decoding: type.utf8.dropFirst(Self.typePrefix.utf8.count), as: UTF8.self)),
      status: document["status"]?.intValue.flatMap { Int(exactly: $0) } ?? 402,
      title: document["title"]?.stringValue ?? "", detail: document["detail"]?.stringValue ?? "",
      hint: document["hint"]?.stringValue, details: document["details"]?.objectValue ?? [],
      challengeID: document["challengeId"]?.stringValue,
      extensions: (document.objectValue ?? []).filter { member in
        !known.contains { $0.equalsBytes(of: member.key) }
      })
  }
}

extension PaymentProblem: Equatable {
  /// Equal codes.
  public static func == (lhs: PaymentProblem, rhs: PaymentProblem) -> Bool {
    lhs.code == rhs.code
  }
}
