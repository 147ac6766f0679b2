/// Reads the JSON text of a credential straight off the bytes, without a tree for what is known.
struct CredentialReader {
  private var cursor: JSONCursor

  static let limits = JSONLimits(maximumBytes: 1 << 20)

  init(_ bytes: [UInt8]) throws(JSONParseError) {
    cursor = try JSONCursor(bytes, limits: Self.limits)
  }

  mutating func read() throws(ReadError) -> Credential {
    var challenge: Challenge?
    var payload: JSONValue?
    var source: JSONValue?
    var others: [String] = []
    do throws(JSONParseError) {
      try cursor.expect(UInt8(ascii: "{"))
    } catch { throw .json }
    while let key = try nextKey(
      isFirst: challenge == nil && payload == nil && source == nil && others.isEmpty)
    {
      if key.equalsBytes(of: "challenge") {
        guard challenge == nil else { throw .duplicateKey }
        challenge = try readChallenge()
      } else if key.equalsBytes(of: "payload") {
        guard payload == nil else { throw .duplicateKey }
        payload = try value(depth: 1)
      } else if key.equalsBytes(of: "source") {
        guard source == nil else { throw .duplicateKey }
        source = try value(depth: 1)
      } else {
        try skip(key, others: &others)
      }
    }
    do throws(JSONParseError) { try cursor.finish() } catch { throw .json }
    guard let challenge else { throw .shape }
    guard case .string(let claim) = source ?? .string("") else { throw .shape }
    return Credential(
      challenge: challenge, payload: payload ?? .null,
      source: claim.isEmpty ? nil : UnverifiedSource(claim))
  }

  enum ReadError: Error {
    case json
    case shape
    case duplicateKey
  }

  /// The fields of the echoed challenge, in the order of their bits.
  private struct Echo {
    var texts = [String?](repeating: nil, count: 8)
    var opaque: JSONValue?
  }

  private mutating func readChallenge() throws(ReadError) -> Challenge {
    var echo = Echo()
    var others: [String] = []
    var isFirst = true
    do throws(JSONParseError) { try cursor.expect(UInt8(ascii: "{")) } catch { throw .json }
    while let key = try nextKey(isFirst: isFirst) {
      isFirst = false
      if let field = Field(key) {
        guard echo.texts[field.rawValue] == nil else { throw .duplicateKey }
        guard case .string(let text) = try value(depth: 2) else { throw .shape }
        echo.texts[field.rawValue] = text
      } else if key.equalsBytes(of: "opaque") {
        guard echo.opaque == nil else { throw .duplicateKey }
        echo.opaque = try value(depth: 2)
      } else {
        try skip(key, others: &others)
      }
    }
    return try challenge(from: echo)
  }

  private func challenge(from echo: Echo) throws(ReadError) -> Challenge {
    func text(_ field: Field) -> String? { echo.texts[field.rawValue] }
    guard let id = text(.id), !id.isEmpty, let realm = text(.realm), let method = text(.method),
      let intent = text(.intent), let encoded = text(.request)
    else { throw .shape }
    do throws(ChallengeError) {
      let parameters = ChallengeParameters(
        realm: realm, method: method, intent: intent, request: try RawRequest(encoded: encoded),
        expires: text(.expires), description: text(.description), digest: text(.digest),
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

  private enum Field: Int {
    case id, realm, method, intent, request, expires, description, digest

    init?(_ key: String) {
      let (field, name): (Field, String)
      switch key.utf8.count {
      case 2: (field, name) = (.id, "id")
      case 5: (field, name) = (.realm, "realm")
      case 7:
        (field, name) = key.utf8.first == UInt8(ascii: "r") ? (.request, "request") : (.expires, "expires")
      case 11: (field, name) = (.description, "description")
      case 6:
        switch key.utf8.first {
        case UInt8(ascii: "m"): (field, name) = (.method, "method")
        case UInt8(ascii: "i"): (field, name) = (.intent, "intent")
        default: (field, name) = (.digest, "digest")
        }
      default: return nil
      }
      guard key.equalsBytes(of: name) else { return nil }
      self = field
    }
  }

  private mutating func value(depth: Int) throws(ReadError) -> JSONValue {
    do throws(JSONParseError) {
      return try cursor.parseValue(depth: depth)
    } catch {
      throw .json
    }
  }

  /// Nil at the end of the object.
  private mutating func nextKey(isFirst: Bool) throws(ReadError) -> String? {
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
      let key = try cursor.parseString()
      try cursor.expect(UInt8(ascii: ":"))
      return key
    } catch {
      throw .json
    }
  }

  /// A member we do not know is dropped, but it has to be valid and must not come twice.
  private mutating func skip(_ key: String, others: inout [String]) throws(ReadError) {
    guard others.count < Self.limits.maximumMembers else { throw .shape }
    guard !others.contains(where: { $0.equalsBytes(of: key) }) else { throw .duplicateKey }
    others.append(key)
    _ = try value(depth: 2)
  }
}
