/// A mistake in the configuration of a server, a route or an offer, found at start-up.
public struct ConfigurationError: Error, Hashable, CustomStringConvertible {
  /// What is wrong; more codes may come.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    let rawValue: String
    public var description: String { rawValue }
    public static let duplicateMethod = Code(rawValue: "duplicate-method")
    public static let unknownMethod = Code(rawValue: "unknown-method")
    public static let secret = Code(rawValue: "secret")
    public static let realm = Code(rawValue: "realm")
    public static let offer = Code(rawValue: "offer")
    public static let ledger = Code(rawValue: "ledger")
    public static let scope = Code(rawValue: "scope")
  }

  public let code: Code
  /// Says what is wrong and what to do; never contains a secret.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { "\(code): \(message)" }
}
