/// A mistake in the configuration of a server, a route or an offer, found at start-up.
public struct ConfigurationError: Error, Hashable, CustomStringConvertible {
  /// What is wrong; more codes may come.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    let rawValue: String
    public var description: String { rawValue }
    /// Two methods are registered under one ``MethodKey``.
    public static let duplicateMethod = Code(rawValue: "duplicate-method")
    /// An offer or an operation names a ``MethodKey`` that is not registered.
    public static let unknownMethod = Code(rawValue: "unknown-method")
    /// A secret or private key is missing, cannot be read, is open to other users, too large, too weak or not
    /// of its form.
    public static let secret = Code(rawValue: "secret")
    /// The realm is empty.
    public static let realm = Code(rawValue: "realm")
    /// A route has no offer or too many, two that cannot be told apart, or one that its method cannot serve, or its challenges would
    /// be born expired; or the options of a method contradict each other.
    public static let offer = Code(rawValue: "offer")
    /// The ledger serves another server already.
    public static let ledger = Code(rawValue: "ledger")
    /// An offer's `meta` names another scope than its route.
    public static let scope = Code(rawValue: "scope")
    /// A fee payer that cannot work, or whose address is not safe.
    public static let feePayer = Code(rawValue: "fee-payer")
    /// A limit is zero or negative.
    public static let limit = Code(rawValue: "limit")
    /// The node is on another chain than the one that challenges name.
    public static let chain = Code(rawValue: "chain")
  }

  /// What to decide by; the message is for people.
  public let code: Code
  /// Says what is wrong and what to do; never contains a secret.
  public let message: String

  /// - Parameter message: must not contain a secret: it is shown and logged.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { "\(code): \(message)" }
}
