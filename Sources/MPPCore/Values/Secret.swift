internal import Crypto

/// A key that signs challenge ids. Its bytes never appear in a description, and its storage is wiped when
/// released.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  let key: SymmetricKey
  let isPlaceholder: Bool

  /// The UTF-8 bytes of the text; a text that looks like base64 or hex is not decoded (`01` §4.1).
  public init(_ text: String) {
    self.init(bytes: Array(text.utf8))
  }

  /// Takes every length; ``SecretRing`` refuses keys that are too short or look like a placeholder.
  public init(bytes: [UInt8]) {
    key = SymmetricKey(data: bytes)
    isPlaceholder = Self.looksLikePlaceholder(bytes)
  }

  var byteCount: Int {
    key.bitCount / 8
  }

  /// Bytes with next to no variety, or a text somebody forgot to replace.
  private static func looksLikePlaceholder(_ bytes: [UInt8]) -> Bool {
    guard Set(bytes).count >= 4 else { return true }
    let letters = bytes.compactMap { byte -> UInt8? in
      let lower = byte | 0x20
      return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lower) ? lower : nil
    }
    let text = String(decoding: letters, as: UTF8.self)
    return ["changeme", "placeholder", "yoursecret", "replaceme"].contains { text.contains($0) }
  }

  public var description: String { "Secret(redacted)" }
  /// As `description`: shows nothing of the key.
  public var debugDescription: String { description }
  /// Without children, so that a dump shows nothing of the key.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
