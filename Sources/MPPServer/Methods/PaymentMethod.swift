public import Logging
public import MPPCore

/// A configured payment method before it has its server: what `methods: [.tempo(…)]` takes. The method is
/// built when the server starts, with the server's ledger, clock and randomness.
public struct PaymentMethod: Sendable {
  package let build: @Sendable (MethodEnvironment) async throws -> [any ServerMethod]

  /// - Parameter build: makes the server methods (one for each intent); throws on wrong configuration.
  public init(_ build: @escaping @Sendable (MethodEnvironment) async throws -> [any ServerMethod]) {
    self.build = build
  }

  /// Wraps methods that need nothing from the server.
  public init(_ methods: any ServerMethod...) {
    self.build = { _ in methods }
  }
}

/// What a server gives its methods.
public struct MethodEnvironment: Sendable {
  /// The server's protection space, which challenges name and proofs are bound to.
  public let realm: String
  /// Where the method keeps what it must not forget.
  public let ledger: Ledger
  /// The only time to decide by.
  public let clock: any WallClock
  /// For identifiers and nonces.
  public let random: any RandomSource
  /// The server's; no credential, signature or secret may enter it.
  public let logger: Logger

  /// For tests of a method of your own; a server makes its own.
  public init(
    realm: String, ledger: Ledger, clock: any WallClock, random: any RandomSource,
    logger: Logger
  ) {
    self.realm = realm
    self.ledger = ledger
    self.clock = clock
    self.random = random
    self.logger = logger
  }
}
