/// Reads the JSON text of a credential straight off the bytes, without a tree for what is known.
struct CredentialReader {
  private var cursor: JSONCursor
  private var challenge: Challenge?
  /// Where the challenge ended, when it was the first member: what stands before is the same in all answers to it.
  private(set) var challengeEnd: Int?

  static let limits = JSONLimits(maximumBytes: 1 << 20)

  init(_ bytes: [UInt8]) throws(JSONParseError) {
    cursor = try JSONCursor(bytes, limits: Self.limits)
  }

  /// Goes on behind a challenge that is known.
  ///
  /// - Parameters:
  ///   - rest: the text from the end of the challenge on.
  ///   - challenge: what was read from the text before it.
  init(_ rest: [UInt8], after challenge: Challenge) throws(JSONParseError) {
    cursor = try JSONCursor(rest, limits: Self.limits)
    self.challenge = challenge
  }

  mutating func read() throws(ReadError) -> Credential {
    var payload: RawJSON?
    var source: String?
    var others: [String] = []
    var isFirst = challenge == nil
    if isFirst {
      do throws(JSONParseError) { try cursor.expect(UInt8(ascii: "{")) } catch { throw .json }
    }
    while let key = try nextKey(isFirst: isFirst) {
      if cursor.matches(key, "challenge") {
        guard challenge == nil else { throw .duplicateKey }
        challenge = try readChallenge()
        if isFirst { challengeEnd = cursor.index }
      } else if cursor.matches(key, "payload") {
        guard payload == nil else { throw .duplicateKey }
        payload = try rawValue(depth: 1)
      } else if cursor.matches(key, "source") {
        try readText(into: &source)
      } else {
        try skip(key, others: &others)
      }
      isFirst = false
    }
    do throws(JSONParseError) { try cursor.finish() } catch { throw .json }
    guard let challenge else { throw .shape }
    let claimed = source.flatMap { $0.isEmpty ? nil : UnverifiedSource($0) }
    guard let payload else { return Credential(challenge: challenge, payload: .null, source: claimed) }
    return Credential(challenge: challenge, rawPayload: payload, source: claimed)
  }

  enum ReadError: Error {
    case json
    case shape
    case duplicateKey
  }

  /// The fields of the echoed challenge.
  private struct Echo {
    var id, realm, method, intent, request, expires, description, digest: String?
    var opaque: JSONValue?
  }

  private mutating func readChallenge() throws(ReadError) -> Challenge {
    var echo = Echo()
    var others: [String] = []
    var isFirst = true
    do throws(JSONParseError) { try cursor.expect(UInt8(ascii: "{")) } catch { throw .json }
    while let key = try nextKey(isFirst: isFirst) {
      isFirst = false
      switch Field(key, in: cursor) {
      case .id: try readText(into: &echo.id)
      case .realm: try readText(into: &echo.realm)
      case .method: try readText(into: &echo.method)
      case .intent: try readText(into: &echo.intent)
      case .request: try readText(into: &echo.request)
      case .expires: try readText(into: &echo.expires)
      case .description: try readText(into: &echo.description)
      case .digest: try readText(into: &echo.digest)
      case .opaque:
        guard echo.opaque == nil else { throw .duplicateKey }
        echo.opaque = try value(depth: 2)
      case nil: try skip(key, others: &others)
      }
    }
    return try challenge(from: echo)
  }

  private mutating func readText(into slot: inout String?) throws(ReadError) {
    guard slot == nil else { throw .duplicateKey }
    do throws(JSONParseError) {
      if try cursor.peek() == UInt8(ascii: "\"") {
        slot = try cursor.parseString()
        return
      }
      // Not a text; whether it is JSON at all makes no difference.
      throw cursor.error(.unexpectedByte)
    } catch {
      throw .shape
    }
  }

  private func challenge(from echo: Echo) throws(ReadError) -> Challenge {
    guard let id = echo.id, !id.isEmpty, let realm = echo.realm, let method = echo.method,
      let intent = echo.intent, let encoded = echo.request
    else { throw .shape }
    do throws(ChallengeError) {
      let parameters = ChallengeParameters(
        realm: realm, method: method, intent: intent, request: try RawRequest(encoded: encoded),
        expires: echo.expires, description: echo.description, digest: echo.digest,
        opaque: try opaque(echo.opaque))
      try parameters.checkFields()
      return Challenge(id: id, parameters: parameters)
    } catch {
      throw .shape
    }
  }

  /// The raw text; the old form, an object of strings, is encoded as the server would have (`01` §4.7).
  private func opaque(_ value: JSONValue?) throws(ChallengeError) -> String? {
    switch value {
    case nil: nil
    case .string(let text): text
    case .some(let map): try ChallengeParameters.opaque(map)
    }
  }

  private enum Field {
    case id, realm, method, intent, request, expires, description, digest, opaque

    init?(_ key: JSONKey, in cursor: JSONCursor) {
      if cursor.matches(key, "id") {
        self = .id
      } else if cursor.matches(key, "realm") {
        self = .realm
      } else if cursor.matches(key, "method") {
        self = .method
      } else if cursor.matches(key, "intent") {
        self = .intent
      } else if cursor.matches(key, "request") {
        self = .request
      } else if cursor.matches(key, "expires") {
        self = .expires
      } else if cursor.matches(key, "opaque") {
        self = .opaque
      } else if cursor.matches(key, "digest") {
        self = .digest
      } else if cursor.matches(key, "description") {
        self = .description
      } else {
        return nil
      }
    }
  }

  private mutating func value(depth: Int) throws(ReadError) -> JSONValue {
    do throws(JSONParseError) {
      return try cursor.parseValue(depth: depth)
    } catch {
      throw .json
    }
  }

  private mutating func rawValue(depth: Int) throws(ReadError) -> RawJSON {
    do throws(JSONParseError) {
      _ = try cursor.peek()
      let start = cursor.index
      try cursor.skipValue(depth: depth)
      return RawJSON(cursor.bytes, start..<cursor.index, limits: Self.limits)
    } catch {
      throw .json
    }
  }

  /// Nil at the end of the object.
  private mutating func nextKey(isFirst: Bool) throws(ReadError) -> JSONKey? {
    do throws(JSONParseError) {
      if isFirst {
        if try cursor.peek() == UInt8(ascii: "}") {
          cursor.advance(to: cursor.index + 1)
          return nil
        }
      } else if try cursor.closes(UInt8(ascii: "}")) {
        return nil
      }
      guard try cursor.peek() == UInt8(ascii: "\"") else { throw cursor.error(.unexpectedByte) }
      let key = try cursor.parseKey()
      try cursor.expect(UInt8(ascii: ":"))
      return key
    } catch {
      throw .json
    }
  }

  /// A member we do not know is dropped, but it has to be valid and must not come twice.
  private mutating func skip(_ key: JSONKey, others: inout [String]) throws(ReadError) {
    let key = cursor.text(of: key)
    guard others.count < Self.limits.maximumMembers else { throw .shape }
    guard !others.contains(where: { $0.equalsBytes(of: key) }) else { throw .duplicateKey }
    others.append(key)
    _ = try value(depth: 2)
  }
}
