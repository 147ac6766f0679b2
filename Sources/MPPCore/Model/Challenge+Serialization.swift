extension Challenge {
  /// The `WWW-Authenticate` value, pure visible ASCII (`01` §3.2). Throws when a field holds what may not be
  /// issued.
  public func serialized() throws(ChallengeError) -> String {
    try parameters.checkSignedCharacters()
    guard Self.isSignable(id) else { throw .invalidCharacter(field: "id") }
    return try write(escapingControls: true)
  }

  /// The bare writer: refuses CR and LF and nothing else, and leaves other control characters as they are.
  package func serializedUnchecked() throws(ChallengeError) -> String {
    try write(escapingControls: false)
  }

  private func write(escapingControls: Bool) throws(ChallengeError) -> String {
    var writer = ChallengeWriter(escapesControls: escapingControls)
    try writer.append("id", id)
    try writer.append("realm", realm)
    try writer.append("method", method)
    try writer.append("intent", intent)
    try writer.append("request", request.encoded)
    if let description, !description.isEmpty { try writer.append("description", description) }
    if let digest { try writer.append("digest", digest) }
    if let expires { try writer.append("expires", expires) }
    if let opaque { try writer.append("opaque", opaque) }
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

/// Writes `Payment name="value", …`.
struct ChallengeWriter {
  private(set) var bytes: [UInt8] = Array("Payment ".utf8)
  private var isFirst = true
  private let escapesControls: Bool

  init(escapesControls: Bool) {
    self.escapesControls = escapesControls
  }

  mutating func append(_ name: StaticString, _ value: String) throws(ChallengeError) {
    if !isFirst { bytes.append(contentsOf: ", ".utf8) }
    isFirst = false
    bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    bytes.append(contentsOf: "=\"".utf8)
    guard appendEscaped(value) else { throw .invalidCharacter(field: "\(name)") }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Escapes `"` and `\`; writes everything beyond ASCII as `\uXXXX` per UTF-16 unit, because HTTP stacks
  /// disagree about the encoding of field values and every peer decodes this form. False when there is a CR
  /// or LF.
  private mutating func appendEscaped(_ value: String) -> Bool {
    if Self.isPlain(value) {
      bytes.append(contentsOf: value.utf8)
      return true
    }
    let digits = Array("0123456789abcdef".utf8)
    for unit in value.utf16 {
      switch unit {
      case 0x0D, 0x0A: return false
      case 0x22, 0x5C:
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(UInt8(unit))
      case 0x20..<0x7F: bytes.append(UInt8(unit))
      case 0..<0x80 where !escapesControls: bytes.append(UInt8(unit))
      default:
        bytes.append(contentsOf: "\\u".utf8)
        for shift in stride(from: 12, through: 0, by: -4) {
          bytes.append(digits[Int(unit >> UInt16(shift) & 15)])
        }
      }
    }
    return true
  }

  /// Nothing to escape: visible ASCII without quotes and backslashes.
  private static func isPlain(_ value: String) -> Bool {
    value.isVisibleASCII(without: UInt8(ascii: "\""), UInt8(ascii: "\\"))
  }
}
