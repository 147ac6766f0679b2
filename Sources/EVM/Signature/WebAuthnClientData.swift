/// What a passkey's client data says: the two members of the JSON object that a chain looks at (`02` §3.6).
///
/// A reader of its own, because this module has no JSON parser and needs no values: it walks over the whole
/// text, so that nothing that is not JSON passes, and keeps the members `type` and `challenge`. It is stricter
/// than JSON where no browser notices: both members are strings without escapes and appear once, no member's name
/// has an escape, and numbers are short. Parsers differ about what lies beyond that.
public struct WebAuthnClientData: Sendable, Hashable {
  /// `webauthn.get` for an assertion.
  public let type: String
  /// base64url without padding of what was signed.
  public let challenge: String

  /// Nesting of objects and arrays beyond which a text is refused.
  static let maximumDepth = 16

  /// Throws `invalidClientData` for a text that is not such an object.
  public init(parsing json: [UInt8]) throws(EVMError) {
    didLookAt(json.count)
    guard String(validating: json, as: UTF8.self) != nil else { throw EVMError.invalidClientData }
    var reader = ClientDataReader(bytes: json)
    guard let members = reader.members(), reader.isAtEnd, let type = members.type,
      let challenge = members.challenge
    else { throw EVMError.invalidClientData }
    self.type = type
    self.challenge = challenge
  }
}

/// Walks over a JSON text once. A method that finds something else returns `nil` or false, and the whole text
/// is refused.
private struct ClientDataReader {
  let bytes: [UInt8]
  #if DEBUG
    /// Moves on only: what it moves over has been looked at.
    var position = 0 { didSet { didLookAt(position - oldValue) } }
  #else
    var position = 0
  #endif

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }
  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// The outer object, with the white space around it.
  mutating func members() -> (type: String?, challenge: String?)? {
    var type: String?
    var challenge: String?
    skipSpace()
    guard take("{") else { return nil }
    skipSpace()
    if take("}") {
      skipSpace()
      return (nil, nil)
    }
    repeat {
      skipSpace()
      guard let name = plainString() else { return nil }
      skipSpace()
      guard take(":") else { return nil }
      skipSpace()
      switch name {
      case "type":
        guard type == nil, let text = plainString() else { return nil }
        type = text
      case "challenge":
        guard challenge == nil, let text = plainString() else { return nil }
        challenge = text
      default:
        guard skipValue(depth: 1) else { return nil }
      }
      skipSpace()
    } while take(",")
    guard take("}") else { return nil }
    skipSpace()
    return (type, challenge)
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { position += 1 }
  }

  /// A string without escapes.
  private mutating func plainString() -> String? {
    let start = position + 1
    guard skipString() else { return nil }
    let content = bytes[start..<position - 1]
    didLookAt(content.count)
    didMake(1, bytes: content.count)
    return content.contains(UInt8(ascii: "\\")) ? nil : String(decoding: content, as: UTF8.self)
  }

  private mutating func skipString() -> Bool {
    guard take("\"") else { return false }
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return true
      case UInt8(ascii: "\\"):
        guard skipEscape() else { return false }
      case 0..<0x20:
        return false
      default:
        position += 1
      }
    }
    return false
  }

  /// One character that is written with a backslash; half of a surrogate pair is none.
  private mutating func skipEscape() -> Bool {
    guard take("\\"), let byte = next else { return false }
    if byte != UInt8(ascii: "u") {
      position += 1
      return "\"\\/bfnrt".utf8.contains(byte)
    }
    guard let unit = codeUnit() else { return false }
    switch unit {
    case 0xd800..<0xdc00:
      guard take("\\"), let low = codeUnit() else { return false }
      return (0xdc00..<0xe000).contains(low)
    case 0xdc00..<0xe000: return false
    default: return true
    }
  }

  /// `uXXXX`
  private mutating func codeUnit() -> UInt16? {
    guard take("u"), position + 4 <= bytes.count else { return nil }
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let digit = Hex.digit(bytes[position]) else { return nil }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }

  private mutating func skipValue(depth: Int) -> Bool {
    guard depth <= WebAuthnClientData.maximumDepth, let byte = next else { return false }
    switch byte {
    case UInt8(ascii: "\""): return skipString()
    case UInt8(ascii: "{"): return skipList(to: "}", named: true, depth: depth)
    case UInt8(ascii: "["): return skipList(to: "]", named: false, depth: depth)
    case UInt8(ascii: "t"): return skipWord("true")
    case UInt8(ascii: "f"): return skipWord("false")
    case UInt8(ascii: "n"): return skipWord("null")
    default: return skipNumber()
    }
  }

  /// The rest of an object or array, from its opening bracket on.
  private mutating func skipList(to end: Unicode.Scalar, named: Bool, depth: Int) -> Bool {
    position += 1
    skipSpace()
    if take(end) { return true }
    repeat {
      skipSpace()
      if named {
        guard skipString() else { return false }
        skipSpace()
        guard take(":") else { return false }
        skipSpace()
      }
      guard skipValue(depth: depth + 1) else { return false }
      skipSpace()
    } while take(",")
    return take(end)
  }

  private mutating func skipWord(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard bytes[position...].starts(with: "\(word)".utf8) else { return false }
    position += count
    return true
  }

  private mutating func skipNumber() -> Bool {
    _ = take("-")
    if !take("0") {
      guard skipDigits(atMost: 32) else { return false }
    }
    if take(".") {
      guard skipDigits(atMost: 32) else { return false }
    }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      guard skipDigits(atMost: 2) else { return false }
    }
    return true
  }

  private mutating func skipDigits(atMost maximum: Int) -> Bool {
    let start = position
    while let byte = next, byte &- UInt8(ascii: "0") <= 9 { position += 1 }
    return (1...maximum).contains(position - start)
  }
}
