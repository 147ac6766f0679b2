/// What the parser accepts before it gives up with a typed error.
public struct JSONLimits: Sendable, Hashable {
  /// Bytes of the whole text.
  public var maximumBytes: Int
  /// Nesting of arrays and objects; values above 128 count as 128, because the parser recurses.
  public var maximumDepth: Int
  /// Members of one object.
  public var maximumMembers: Int
  /// Elements of one array.
  public var maximumElements: Int

  public init(
    maximumBytes: Int = 1 << 20, maximumDepth: Int = 32, maximumMembers: Int = 64, maximumElements: Int = 4096
  ) {
    self.maximumBytes = maximumBytes
    self.maximumDepth = min(maximumDepth, 128)
    self.maximumMembers = maximumMembers
    self.maximumElements = maximumElements
  }

  /// 1 MiB, depth 32, 64 members, 4096 elements (`11` §11).
  public static let `default` = JSONLimits()
}

/// Why a text is not the JSON we accept, and at which byte.
public struct JSONParseError: Error, Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    case unexpectedEnd
    case unexpectedByte
    case trailingBytes
    case invalidUTF8
    case controlCharacter
    case invalidEscape
    case loneSurrogate
    case invalidNumber
    case numberOutOfRange
    case duplicateKey
    case tooLarge
    case tooDeep
    case tooManyMembers
    case tooManyElements
  }

  public let kind: Kind
  /// Bytes from the start of the text.
  public let offset: Int

  init(_ kind: Kind, at offset: Int) {
    self.kind = kind
    self.offset = offset
  }
}
