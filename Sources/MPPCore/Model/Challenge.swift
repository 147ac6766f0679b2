/// One offer of a 402: what has to be paid, where and how, under an id that the server can recognise as its
/// own (`01` §3). Keeps every text as it was received.
///
/// An application gets challenges from `parse(header:)` or, on the server, from `ChallengeMAC.issue`.
public struct Challenge: Sendable {
  // In one place: challenges are handed on often and never change.
  private final class Storage: Sendable {
    let id: String
    let parameters: ChallengeParameters
    let credentialHeader: CredentialHeader
    let expiry: Timestamp?

    init(id: String, parameters: ChallengeParameters, credentialHeader: CredentialHeader) {
      self.id = id
      self.parameters = parameters
      self.credentialHeader = credentialHeader
      expiry = parameters.expires.flatMap { try? Timestamp(rfc3339: $0) }
    }
  }

  private let storage: Storage

  /// 43 characters when this package issued it; any text from others.
  public var id: String { storage.id }
  /// Everything but the id, as it was received.
  public var parameters: ChallengeParameters { storage.parameters }
  /// Where the server wants the credential. Not echoed.
  public var credentialHeader: CredentialHeader { storage.credentialHeader }

  /// Protection space; chosen by the server.
  public var realm: String { storage.parameters.realm }
  /// Payment method, for example `tempo`.
  public var method: String { storage.parameters.method }
  /// For example `charge` or `session`.
  public var intent: String { storage.parameters.intent }
  /// What has to be paid, in the method's terms.
  public var request: RawRequest { storage.parameters.request }
  /// The raw text: it is signed, so never reformat it.
  public var expires: String? { storage.parameters.expires }
  /// ``expires`` as an instant; nil when there is none or it is not a timestamp.
  public var expiry: Timestamp? { storage.expiry }
  /// Not covered by the id: show it, never decide by it.
  public var description: String? { storage.parameters.description }
  /// `sha-256=…` of the body that this challenge is for; nil: for any body.
  public var digest: String? { storage.parameters.digest }
  /// The server's own data, base64url; it is signed, so never reformat it.
  public var opaque: String? { storage.parameters.opaque }

  /// Does not check anything; an id that no MAC has made is nobody's challenge.
  package init(
    id: String, parameters: ChallengeParameters, credentialHeader: CredentialHeader = .authorization
  ) {
    storage = Storage(id: id, parameters: parameters, credentialHeader: credentialHeader)
  }

  /// Header field for the credential (`20` §8: some servers read `Payment-Authorization` only).
  public enum CredentialHeader: Sendable, Hashable {
    /// The usual one.
    case authorization
    /// `Payment-Authorization`, beside an `Authorization` of the application's own.
    case paymentAuthorization
  }

  /// The decoded `opaque`: an object whose values are all strings, nil when there is none.
  public func opaqueMap() throws(ChallengeError) -> JSONValue? {
    guard let opaque else { return nil }
    guard let bytes = try? Base64URL.decode(opaque), let value = try? JSONValue(parsing: bytes),
      Self.isStringMap(value)
    else { throw .invalidField("opaque") }
    return value
  }

  /// Throws the problem to answer with unless the challenge is still alive; the instant `expires` itself is
  /// alive (`01` §9). `leeway` in milliseconds.
  public func checkExpiry(at now: Timestamp, leeway: Int64 = 0) throws(PaymentProblem) {
    if let expiry, expiry.adding(milliseconds: leeway) >= now { return }
    guard let expires else {
      throw .invalidChallenge(id: id, reason: "missing required expires field")
    }
    guard expiry != nil else {
      throw .invalidChallenge(id: id, reason: "malformed expires timestamp")
    }
    throw .paymentExpired(expires: expires)
  }

  static func isStringMap(_ value: JSONValue) -> Bool {
    value.objectValue?.allSatisfy { $0.value.stringValue != nil } ?? false
  }

  /// `[a-z][a-z0-9:_-]*`
  static func isMethodName(_ name: String) -> Bool {
    var isFirst = true
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"): break
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        guard !isFirst else { return false }
      default: return false
      }
      isFirst = false
    }
    return !isFirst
  }

  /// `[A-Za-z0-9-]+`
  static func isIntentName(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// Visible ASCII or space, without the separator of the MAC.
  static func isSignable(_ text: String) -> Bool {
    text.isVisibleASCII(without: UInt8(ascii: "|"), UInt8(ascii: "|"))
  }
}

extension Challenge: Equatable {
  /// Equal when they serialise to the same text.
  public static func == (lhs: Challenge, rhs: Challenge) -> Bool {
    func same(_ left: String?, _ right: String?) -> Bool {
      switch (left, right) {
      case (nil, nil): true
      case (let left?, let right?): left.equalsBytes(of: right)
      default: false
      }
    }
    return same(lhs.id, rhs.id) && same(lhs.realm, rhs.realm) && same(lhs.method, rhs.method)
      && same(lhs.intent, rhs.intent) && lhs.request == rhs.request && same(lhs.expires, rhs.expires)
      && same(lhs.description, rhs.description) && same(lhs.digest, rhs.digest)
      && same(lhs.opaque, rhs.opaque)
  }
}
