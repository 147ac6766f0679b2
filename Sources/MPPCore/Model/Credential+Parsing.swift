extension Credential {
  /// The Payment credential of an `Authorization` value (several fields joined with a comma), scheme
  /// included; nil when there is none, which is not an error. Other schemes are passed over.
  ///
  /// Throws `multipleCredentials` when there are two.
  public static func extract(
    fromAuthorization header: String
  ) throws(CredentialError) -> String? {
    try withBytes(of: header) { bytes throws(CredentialError) in
      guard let range = try payment(in: bytes) else { return nil }
      return String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }
  }

  /// Reads `Payment <token>`. Bounded, linear in the length; over `maximumTokenCharacters` nothing is
  /// decoded.
  public init(
    parsing header: String, maximumTokenCharacters: Int = Credential.maximumTokenCharacters
  ) throws(CredentialError) {
    self = try Self.withBytes(of: header) { bytes throws(CredentialError) in
      try Self.read(bytes, 0..<bytes.count, maximumTokenCharacters)
    }
  }

  /// `extract` and `init(parsing:)` in one pass: what a server does with the `Authorization` fields of a
  /// request.
  public static func find(
    inAuthorization header: String, maximumTokenCharacters: Int = Credential.maximumTokenCharacters
  ) throws(CredentialError) -> Credential? {
    try withBytes(of: header) { bytes throws(CredentialError) in
      // A token that decodes holds no comma, so that there is nothing else in the value.
      if let credential = try? read(bytes, 0..<bytes.count, maximumTokenCharacters) { return credential }
      guard let range = try payment(in: bytes) else { return nil }
      return try read(bytes, range, maximumTokenCharacters)
    }
  }

  /// The standard library's method does not rethrow typed errors.
  static func withBytes<Value>(
    of text: String, _ body: (UnsafeBufferPointer<UInt8>) throws(CredentialError) -> Value
  ) throws(CredentialError) -> Value {
    var text = text
    let result = text.withUTF8 { bytes in
      Result { () throws(CredentialError) -> Value in try body(bytes) }
    }
    return try result.get()
  }

  private static func read(
    _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ maximumTokenCharacters: Int
  ) throws(CredentialError) -> Credential {
    try read(token(in: bytes, range, maximumTokenCharacters)).credential
  }

  /// The token of a value that is one credential.
  static func token(
    in bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ maximumTokenCharacters: Int
  ) throws(CredentialError) -> UnsafeBufferPointer<UInt8> {
    guard let start = tokenStart(in: bytes, range) else { throw .missingScheme }
    guard range.upperBound - start <= maximumTokenCharacters else { throw .tooLarge }
    return UnsafeBufferPointer(rebasing: bytes[start..<range.upperBound])
  }

  /// The credential of a token, and where its challenge ends in the JSON text (see ``CredentialReader/challengeEnd``).
  static func read(
    _ token: UnsafeBufferPointer<UInt8>
  ) throws(CredentialError) -> (credential: Credential, challengeEnd: Int?) {
    guard case .success(let json) = Base64Codec.decode(buffer: token) else { throw .invalidEncoding }
    do {
      var reader = try CredentialReader(json)
      return (try reader.read(), reader.challengeEnd)
    } catch {
      throw .invalidEncoding
    }
  }

  /// The one comma-separated piece with the Payment scheme and a token, without white space around it.
  static func payment(in bytes: UnsafeBufferPointer<UInt8>) throws(CredentialError) -> Range<Int>? {
    var found: Range<Int>?
    var start = 0
    while start <= bytes.count {
      let end = firstIndex(of: UInt8(ascii: ","), in: bytes, from: start) ?? bytes.count
      var piece = start..<end
      defer { didLookAt(end - start - piece.count + 1) }
      while let first = piece.first, bytes[first].isHTTPSpace { piece = first + 1..<piece.upperBound }
      while let last = piece.last, bytes[last].isHTTPSpace { piece = piece.lowerBound..<last }
      if tokenStart(in: bytes, piece) != nil {
        guard found == nil else { throw .multipleCredentials }
        found = piece
      }
      start = end + 1
    }
    return found
  }

  /// Where the token starts: after the scheme and at least one space. Nil for another scheme or nothing.
  private static func tokenStart(in bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int? {
    let scheme: StaticString = "payment"
    var index = range.lowerBound + scheme.utf8CodeUnitCount
    guard index < range.upperBound, bytes[index].isHTTPSpace else { return nil }
    for offset in 0..<scheme.utf8CodeUnitCount {
      guard bytes[range.lowerBound + offset].asciiLowercased == scheme.utf8Start[offset] else { return nil }
    }
    let spaces = index
    while index < range.upperBound, bytes[index].isHTTPSpace { index += 1 }
    didLookAt(index - spaces + scheme.utf8CodeUnitCount)
    return index < range.upperBound ? index : nil
  }
}
