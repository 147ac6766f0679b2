import Crypto

/// The name of something that may be used once, for example the hash of a payment (`06` §1.12).
public struct ReplayKey: Sendable, Hashable {
  /// At most 80 bytes: the namespace, a zero byte and the identifier, which is hashed when it is long.
  public let bytes: [UInt8]

  /// - Parameters:
  ///   - space: a short name that keeps different uses apart, without a zero byte; at most 32 bytes count.
  ///   - id: any number of bytes; more than 32 are replaced by their SHA-256.
  public init(space: String, id: [UInt8]) {
    let short = id.count <= 32
    let content = short ? id : Array(SHA256.hash(data: id))
    bytes = Array(space.utf8.prefix(32)) + [0, short ? UInt8(id.count) : 33] + content
  }
}
