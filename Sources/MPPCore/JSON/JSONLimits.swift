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

  /// - Parameters:
  ///   - maximumBytes: 1 MiB by default.
  ///   - maximumDepth: more than 128 counts as 128.
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
  /// What was wrong; ``JSONParseError/offset`` says where.
  public enum Kind: Hashable, Sendable {
    /// The text ends within a value.
    case unexpectedEnd
    /// A byte that cannot stand here.
    case unexpectedByte
    /// Something after the value.
    case trailingBytes
    /// Bytes of a string that are not UTF-8.
    case invalidUTF8
    /// A control character in a string that is not escaped.
    case controlCharacter
    /// A backslash with something JSON does not know.
    case invalidEscape
    /// Half of a surrogate pair.
    case loneSurrogate
    /// Not a number as JSON writes it, for example with a leading zero.
    case invalidNumber
    /// Beyond the range of a double.
    case numberOutOfRange
    /// An object has a key twice.
    case duplicateKey
    /// More than ``JSONLimits/maximumBytes``.
    case tooLarge
    /// More than ``JSONLimits/maximumDepth``.
    case tooDeep
    /// More than ``JSONLimits/maximumMembers``.
    case tooManyMembers
    /// More than ``JSONLimits/maximumElements``.
    case tooManyElements
  }

  /// What was wrong.
  public let kind: Kind
  /// Bytes from the start of the text.
  public let offset: Int

  init(_ kind: Kind, at offset: Int) {
    self.kind = kind
    self.offset = offset
  }
}
