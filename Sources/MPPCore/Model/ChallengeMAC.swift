internal import Crypto

/// Makes and checks challenge ids: `base64url(HMAC-SHA256(secret,
/// realm|method|intent|request|expires|digest|opaque))` (`01` §4). The server keeps no challenge; the id
/// proves that it issued one.
public struct ChallengeMAC: Sendable {
  /// States that have already taken up the key; a copy of one is the start of a MAC.
  private let states: [HMAC<SHA256>]

  /// - Parameter secrets: the first makes ids, all are tried for verification.
  public init(secrets: SecretRing) {
    states = secrets.secrets.map { HMAC<SHA256>(key: $0.key) }
  }

  /// The id of a challenge with these parameters, under the first secret. Checks nothing; 43 characters.
  public func id(for parameters: ChallengeParameters) -> String {
    Self.id(state: states[0], message: Self.message(parameters))
  }

  /// A challenge that may be sent out. Throws when a field does not have its form, or holds a character that
  /// could make two different challenges share an id.
  public func issue(_ parameters: ChallengeParameters) throws(ChallengeError) -> Challenge {
    try parameters.checkIssuable()
    return Challenge(id: id(for: parameters), parameters: parameters)
  }

  /// Whether we issued this challenge under one of the secrets.
  public func verify(_ challenge: Challenge) -> Bool {
    authenticatedRequest(of: challenge) != nil
  }

  /// Turns a credential whose challenge we issued into one that methods may look at. What the payer claims in
  /// payload and source stays unverified.
  ///
  /// Throws `invalid-challenge`. Costs one MAC per secret, twice when the echo was re-encoded.
  public func authenticate(_ credential: Credential) throws(PaymentProblem) -> AuthenticatedCredential {
    guard let request = authenticatedRequest(of: credential.challenge) else {
      throw .invalidChallenge(
        id: credential.challenge.id, reason: "challenge was not issued by this server")
    }
    var credential = credential
    credential.replaceRequest(request)
    return AuthenticatedCredential(credential)
  }

  /// The request under the spelling that the id covers: the echoed one, else the canonical one of the same
  /// object, because some clients re-encode.
  private func authenticatedRequest(of challenge: Challenge) -> RawRequest? {
    guard (try? challenge.parameters.checkSignedCharacters()) != nil else { return nil }
    return matchingRequest(of: challenge)
  }

  /// The bare comparison, without the check of characters.
  package func matchesUnchecked(_ challenge: Challenge) -> Bool {
    matchingRequest(of: challenge) != nil
  }

  private func matchingRequest(of challenge: Challenge) -> RawRequest? {
    if matches(challenge.id, challenge.parameters) { return challenge.request }
    guard let canonical = try? challenge.request.canonicallyEncoded(),
      !canonical.equalsBytes(of: challenge.request.encoded)
    else { return nil }
    var parameters = challenge.parameters
    parameters.request = challenge.request.respelled(canonical)
    return matches(challenge.id, parameters) ? parameters.request : nil
  }

  /// Compares the texts, not the bytes they stand for: several texts decode to one MAC, and replay keys are
  /// texts.
  private func matches(_ id: String, _ parameters: ChallengeParameters) -> Bool {
    let message = Self.message(parameters)
    var isMatch = false
    for state in states where constantTimeEqual(Self.id(state: state, message: message), id) {
      isMatch = true
    }
    return isMatch
  }

  private static func id(state: HMAC<SHA256>, message: [UInt8]) -> String {
    var state = state
    state.update(data: message)
    return state.finalize().withUnsafeBytes { Base64URL.encode($0) }
  }

  /// A MAC under the first secret that has taken up the beginning of a message. Many messages can be ended from it.
  struct Beginning: Sendable {
    fileprivate let state: HMAC<SHA256>

    /// The id of the message that goes on with these bytes.
    func id(endingWith rest: [UInt8]) -> String { ChallengeMAC.id(state: state, message: rest) }
  }

  func beginning(_ bytes: [UInt8]) -> Beginning {
    var state = states[0]
    state.update(data: bytes)
    return Beginning(state: state)
  }

  /// The signed text; absent fields are empty, the six separators are always there.
  package static func message(_ parameters: ChallengeParameters) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(256 + parameters.request.encoded.utf8.count)
    append(parameters.realm, to: &bytes)
    append(parameters.method, to: &bytes)
    append(parameters.intent, to: &bytes)
    append(parameters.request.encoded, to: &bytes)
    append(parameters.expires ?? "", to: &bytes)
    append(parameters.digest ?? "", to: &bytes)
    append(parameters.opaque ?? "", to: &bytes)
    bytes.removeLast()
    return bytes
  }

  private static func append(_ field: String, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: field.utf8)
    bytes.append(UInt8(ascii: "|"))
  }
}
