/// Bounds of the payment engine (`11` §11). Crossing one is a problem document, never a crash. Each is 1 or more: a server with another
/// does not start.
public struct ServerLimits: Sendable, Hashable {
  /// Longest `Authorization: Payment` token, in bytes; a longer one is refused without being decoded.
  public var maxCredentialBytes: Int
  /// Largest body that is collected for digests and computed prices, in bytes.
  public var maxBodyBytes: Int
  /// Most offers of one route.
  public var maxOffers: Int
  /// Longest `request` parameter of a challenge, in characters; hints that do not fit are left out.
  public var maxRequestCharacters: Int
  /// Most prices of one computed offer whose challenges are kept ready.
  public var maxCachedPrices: Int

  /// Defaults: credentials of 64 KiB, bodies of 10 MiB, 16 offers, 16 384 characters, 64 prices.
  public init(
    maxCredentialBytes: Int = 64 * 1024, maxBodyBytes: Int = 10 * 1024 * 1024, maxOffers: Int = 16,
    maxRequestCharacters: Int = 16_384, maxCachedPrices: Int = 64
  ) {
    self.maxCredentialBytes = maxCredentialBytes
    self.maxBodyBytes = maxBodyBytes
    self.maxOffers = maxOffers
    self.maxRequestCharacters = maxRequestCharacters
    self.maxCachedPrices = maxCachedPrices
  }

  func check() throws(ConfigurationError) {
    let all = [
      ("maxCredentialBytes", maxCredentialBytes), ("maxBodyBytes", maxBodyBytes), ("maxOffers", maxOffers),
      ("maxRequestCharacters", maxRequestCharacters), ("maxCachedPrices", maxCachedPrices),
    ]
    for (name, value) in all where value < 1 {
      throw ConfigurationError(.limit, "\(name) is \(value), and must be 1 or more")
    }
  }
}
