/// Why the ledger or its store could not do what was asked.
public struct StoreError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Open vocabulary; the raw value is the label used in metrics.
  public struct Code: RawRepresentable, Sendable, Hashable {
    /// Lower case with hyphens, for example `newer-schema`.
    public let rawValue: String
    /// For stores of your own; a code that is not among these is not retryable.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The store did not answer, or an input/output error. The write may or may not have been applied;
    /// the ledger reads the record again before it uses it.
    public static let unavailable = Code(rawValue: "unavailable")
    /// No room on the medium. Nothing was changed.
    public static let full = Code(rawValue: "full")
    /// Another node changed the record again and again. Nothing was changed.
    public static let conflict = Code(rawValue: "conflict")
    /// Too many writes wait. Nothing was changed.
    public static let overloaded = Code(rawValue: "overloaded")
    /// The store was closed. Nothing was changed.
    public static let closed = Code(rawValue: "closed")
    /// Stored bytes are not what was written. Nothing was changed.
    public static let corrupt = Code(rawValue: "corrupt")
    /// The file belongs to another program. Nothing was changed.
    public static let foreign = Code(rawValue: "foreign")
    /// The file was written by a newer version of this package. Nothing was changed.
    public static let newerSchema = Code(rawValue: "newer-schema")
    /// Another process, or another instance in this one, has the file open. Nothing was changed.
    public static let locked = Code(rawValue: "locked")
    /// A volatile store was given where money needs a durable one.
    public static let volatile = Code(rawValue: "volatile")
    /// The request itself is wrong, for example an index value that is too long. Nothing was changed.
    public static let invalid = Code(rawValue: "invalid")
  }

  /// What to decide by.
  public let code: Code
  /// For people: what happened and what helps.
  public let reason: String
  /// What the library below said.
  public let underlying: String?

  /// - Parameters:
  ///   - reason: for people; must not contain a secret.
  ///   - underlying: what the library below said; shown after the reason.
  public init(_ code: Code, _ reason: String, underlying: String? = nil) {
    self.code = code
    self.reason = reason
    self.underlying = underlying
  }

  /// Whether the same call may succeed later without anybody doing something about it.
  public var isRetryable: Bool { code == .unavailable || code == .conflict || code == .overloaded }

  public var description: String {
    "\(code.rawValue): \(reason)" + (underlying.map { " (\($0))" } ?? "")
  }
}
