extension Credential {
  /// The Payment credential of an `Authorization` value (several fields joined with a comma), scheme included; nil when
  /// there is none, which is not an error. Other schemes are passed over.
  ///
  /// Throws `multipleCredentials` when there are two.
  public static func extract(
    fromAuthorization header: String
  ) throws(CredentialError) -> String? {
    var found: Substring.UTF8View?
    for piece in header.utf8.split(separator: UInt8(ascii: ",")) {
      var piece = piece
      while let first = piece.first, first.isHTTPSpace { piece.removeFirst() }
      while let last = piece.last, last.isHTTPSpace { piece.removeLast() }
      guard token(in: piece) != nil else { continue }
      guard found == nil else { throw .multipleCredentials }
      found = piece
    }
    return found.map { String(Substring($0)) }
  }

  /// Reads `Payment <token>`. Bounded, linear in the length; over `maximumTokenCharacters` nothing is decoded.
  public init(
    parsing header: String, maximumTokenCharacters: Int = Credential.maximumTokenCharacters
  ) throws(CredentialError) {
    guard let token = Self.token(in: header[...].utf8) else { throw .missingScheme }
    guard token.count <= maximumTokenCharacters else { throw .tooLarge }
    let decoded =
      token.withContiguousStorageIfAvailable { Base64Codec.decode(buffer: $0) }
      ?? Array(token).withUnsafeBufferPointer { Base64Codec.decode(buffer: $0) }
    do {
      var reader = try CredentialReader(decoded.get())
      self = try reader.read()
    } catch {
      throw .invalidEncoding
    }
  }

  /// What follows the scheme and at least one space, nil for another scheme or nothing.
  private static func token(in value: Substring.UTF8View) -> Substring.UTF8View? {
    var rest = value
    for expected in "payment".utf8 {
      guard let byte = rest.popFirst(), byte.asciiLowercased == expected else { return nil }
    }
    guard let separator = rest.first, separator.isHTTPSpace else { return nil }
    while let byte = rest.first, byte.isHTTPSpace { rest.removeFirst() }
    return rest.isEmpty ? nil : rest
  }
}
