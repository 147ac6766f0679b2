public import HTTPTypes

/// What a parser of challenges accepts (`11` §11).
public struct ChallengeLimits: Sendable, Hashable {
  /// Bytes of the header value.
  public var maximumHeaderBytes = 65_536
  /// Challenges of one response, readable or not.
  public var maximumChallenges = 64
  /// Parameters of one challenge.
  public var maximumParameters = 32
  /// Characters of the encoded `request` of one challenge.
  public var maximumRequestCharacters = RawRequest.maximumCharacters

  /// 65 536 bytes, 64 challenges of 32 parameters, requests of ``RawRequest/maximumCharacters``.
  public init() {}

  /// The limits of ``init()``.
  public static let `default` = ChallengeLimits()
}

/// The challenges of a response, and what was wrong with those that are not among them. One bad challenge
/// does not spoil the others.
public struct ChallengeList: Sendable {
  /// The readable ones, in the order of the header.
  public internal(set) var challenges: [Challenge] = []
  /// One for each challenge that could not be read.
  public internal(set) var diagnostics: [ChallengeError] = []

  /// Reads all `WWW-Authenticate` fields. Throws when there is no `Payment` challenge at all, readable or
  /// not.
  public init(fields: HTTPFields, limits: ChallengeLimits = .default) throws(ChallengeError) {
    var joined: [UInt8] = []
    for field in fields where field.name == .wwwAuthenticate {
      if !joined.isEmpty { joined.append(contentsOf: ", ".utf8) }
      field.withUnsafeBytesOfValue { joined.append(contentsOf: $0) }
      guard joined.count <= limits.maximumHeaderBytes else { throw .headerTooLarge }
    }
    try self.init(octets: joined, limits: limits)
  }

  /// Reads a header value; octets that are not UTF-8 are read as Latin-1, in which the reference writes
  /// descriptions.
  public init(octets bytes: [UInt8], limits: ChallengeLimits = .default) throws(ChallengeError) {
    guard bytes.count <= limits.maximumHeaderBytes else { throw .headerTooLarge }
    var bytes = bytes
    if String(validating: bytes, as: UTF8.self) == nil {
      bytes = bytes.flatMap { Array(UTF8.encode(Unicode.Scalar($0)) ?? UTF8.encodedReplacementCharacter) }
    }
    let ranges = try AuthParameterScanner.paymentRanges(in: bytes, limits: limits)
    guard !ranges.isEmpty else { throw .missingScheme }
    for range in ranges {
      do throws(ChallengeError) {
        challenges.append(try Challenge(parameters: bytes[range], limits: limits))
      } catch {
        diagnostics.append(error)
      }
    }
  }
}

extension Challenge {
  /// All `Payment` challenges of a header value. Throws when there is none at all, or when the value breaks a
  /// limit; a challenge that cannot be read becomes a diagnostic.
  public static func parse(
    header: String, limits: ChallengeLimits = .default
  ) throws(ChallengeError) -> ChallengeList {
    guard header.utf8.count <= limits.maximumHeaderBytes else { throw .headerTooLarge }
    return try ChallengeList(octets: Array(header.utf8), limits: limits)
  }

  /// The first `Payment` challenge of a header value.
  public init(parsing header: String, limits: ChallengeLimits = .default) throws(ChallengeError) {
    guard header.utf8.count <= limits.maximumHeaderBytes else { throw .headerTooLarge }
    let bytes = Array(header.utf8)
    guard let range = try AuthParameterScanner.paymentRanges(in: bytes, limits: limits).first else {
      throw .missingScheme
    }
    try self.init(parameters: bytes[range], limits: limits)
  }

  init(parameters bytes: ArraySlice<UInt8>, limits: ChallengeLimits) throws(ChallengeError) {
    let list = try AuthParameterScanner.parameters(bytes, limits: limits)
    func value(_ name: String) -> String? {
      list.first { $0.name.equalsBytes(of: name) }?.value
    }
    func optional(_ name: String) -> String? {
      value(name).flatMap { $0.isEmpty ? nil : $0 }
    }
    guard let encoded = optional("request") else { throw .missingRequest }
    guard encoded.utf8.count <= limits.maximumRequestCharacters else { throw .requestTooLarge }
    if let method = value("method"), !Self.isMethodName(method) { throw .invalidMethod(method) }
    guard let id = optional("id") else { throw .invalidField("id") }
    guard let realm = value("realm") else { throw .invalidField("realm") }
    guard let method = value("method") else { throw .invalidField("method") }
    guard let intent = value("intent") else { throw .invalidField("intent") }
    let parameters = ChallengeParameters(
      realm: realm, method: method, intent: intent,
      request: try RawRequest(encoded: encoded, maximumCharacters: limits.maximumRequestCharacters),
      expires: optional("expires"), description: optional("description"), digest: optional("digest"),
      opaque: optional("opaque"))
    try parameters.checkFields()
    self.init(
      id: id, parameters: parameters,
      credentialHeader: try Self.credentialHeader(named: optional("header")))
  }

  private static func credentialHeader(named name: String?) throws(ChallengeError) -> CredentialHeader {
    guard let name else { return .authorization }
    let lowercased = String(decoding: name.utf8.map(\.asciiLowercased), as: UTF8.self)
    if lowercased.equalsBytes(of: "authorization") { return .authorization }
    if lowercased.equalsBytes(of: "payment-authorization") { return .paymentAuthorization }
    throw .unsupportedCredentialHeader
  }
}
