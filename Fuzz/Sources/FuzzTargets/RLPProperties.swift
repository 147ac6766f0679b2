@testable import EVM

/// The decoder takes exactly what the encoder writes.
enum RLPProperties {
  static func check(_ bytes: [UInt8]) throws {
    guard let item = try? RLP.decode(bytes) else { return }
    try require(RLP.encode(item) == bytes, "a value has two encodings")
    try read(item)
  }

  private static func read(_ item: RLPItem) throws {
    switch item {
    case .list(let items): for item in items { try read(item) }
    case .bytes(let bytes):
      if let number = try? item.uint256() {
        try require(RLP.uint(number) == item, "an integer has two encodings")
      }
      _ = try? item.uint64()
      _ = try? item.optionalAddress()
      if bytes.count == 32 { try require(try RLPItem.hash(item.hash()) == item, "a hash changes") }
    }
  }
}
