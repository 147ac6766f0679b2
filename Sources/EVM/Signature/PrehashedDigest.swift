import Crypto

/// Hands a finished 32-byte digest to swift-crypto, which otherwise insists on hashing the message itself.
struct PrehashedDigest: Digest {
  static var byteCount: Int { 32 }
  private let bytes: [UInt8]

  init(_ digest: Hash32) { bytes = digest.bytes }

  func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try bytes.withUnsafeBytes(body)
  }

  func makeIterator() -> [UInt8].Iterator { bytes.makeIterator() }
  var description: String { Hex.encode(bytes) }
}
