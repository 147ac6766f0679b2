import MPPCore

/// The serialised challenge of one offer at one price, cut at the two fields that change: the id and
/// `expires` (`11` §5). Issuing is one MAC and one concatenation.
struct ChallengeTemplate: Sendable {
  let prepared: PreparedOffer
  /// Everything the MAC covers, without `expires` and `digest`.
  let parameters: ChallengeParameters
  /// The fields a credential must repeat, from the request of this template.
  let pinned: [PinnedField]
  private let beforeExpires: [UInt8]
  private let afterExpires: [UInt8]

  private static let head = Array(#"Payment id=""#.utf8)
  private static let sampleExpires = "2000-01-01T00:00:00.000Z"

  /// Throws when a field cannot be in a challenge; that is a mistake of the configuration.
  init(
    prepared: PreparedOffer, parameters: ChallengeParameters, mac: ChallengeMAC
  ) throws(ConfigurationError) {
    self.prepared = prepared
    self.parameters = parameters
    pinned = RouteBinding.pinnedFields(of: prepared.request)
    var sample = parameters
    sample.expires = Self.sampleExpires
    let challenge: Challenge
    let text: [UInt8]
    do {
      challenge = try mac.issue(sample)
      text = Array(try challenge.serialized().utf8)
    } catch {
      throw ConfigurationError(.offer, "the challenge cannot be written: \(error)")
    }
    let start = Self.head.count + challenge.id.utf8.count
    // The marker cannot be part of a value: a quote inside one is escaped.
    let marker = Array(#", expires=""#.utf8)
    guard let position = Self.firstRange(of: marker, in: text, from: start) else {
      throw ConfigurationError(.offer, "the challenge has no expiry")
    }
    beforeExpires = Array(text[start..<position + marker.count])
    afterExpires = Array(text[(position + marker.count + Self.sampleExpires.utf8.count)...])
  }

  /// The `WWW-Authenticate` value and id of a challenge that expires at `expires`.
  func issue(expires: String, mac: ChallengeMAC) -> IssuedChallenge {
    var parameters = parameters
    parameters.expires = expires
    let id = mac.id(for: parameters)
    var text: [UInt8] = []
    text.reserveCapacity(
      Self.head.count + id.utf8.count + beforeExpires.count + expires.utf8.count + afterExpires.count)
    text.append(contentsOf: Self.head)
    text.append(contentsOf: id.utf8)
    text.append(contentsOf: beforeExpires)
    text.append(contentsOf: expires.utf8)
    text.append(contentsOf: afterExpires)
    return IssuedChallenge(id: id, headerValue: String(decoding: text, as: UTF8.self))
  }

  private static func firstRange(of needle: [UInt8], in text: [UInt8], from start: Int) -> Int? {
    guard text.count >= needle.count, start <= text.count - needle.count else { return nil }
    return (start...text.count - needle.count).first { text[$0...].starts(with: needle) }
  }
}

/// A challenge ready to be sent.
struct IssuedChallenge: Sendable {
  let id: String
  let headerValue: String
}
