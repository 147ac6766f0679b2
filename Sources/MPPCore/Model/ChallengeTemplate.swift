/// A challenge of which only the expiry is missing. Issuing one costs a MAC and a concatenation: everything
/// that does not change has been checked, escaped and written once (`01` §23.4).
public struct ChallengeTemplate: Sendable {
  private let mac: ChallengeMAC
  private let parameters: ChallengeParameters
  /// The header value before and after the id.
  private let head: String
  private let middle: String
  /// The header value after the expiry.
  private let tail: String

  /// Checks and writes what all challenges of a route have in common; `parameters.expires` is ignored.
  public init(mac: ChallengeMAC, parameters: ChallengeParameters) throws(ChallengeError) {
    var parameters = parameters
    parameters.expires = nil
    try parameters.checkIssuable()
    self.mac = mac
    self.parameters = parameters
    head = "Payment id=\""
    let common = try Challenge(id: "", parameters: parameters).serialized()
    var last = ChallengeWriter(escapesControls: true)
    if let opaque = parameters.opaque { try last.append("opaque", opaque) }
    // `expires` comes before `opaque`, which is the last parameter.
    let opaqueText = String(decoding: last.bytes, as: UTF8.self).dropFirst("Payment ".count)
    tail = opaqueText.isEmpty ? "" : ", " + opaqueText
    middle = String(common.dropFirst(head.count).dropLast(tail.count)) + ", expires=\""
  }

  /// A new challenge and its `WWW-Authenticate` value. `expires` is signed as it stands.
  public func issue(expires: String) throws(ChallengeError) -> (challenge: Challenge, header: String) {
    guard Timestamp.isWellFormed(expires) else { throw .invalidField("expires") }
    var parameters = parameters
    parameters.expires = expires
    let challenge = Challenge(id: mac.id(for: parameters), parameters: parameters)
    var header = head
    header.reserveCapacity(head.utf8.count + middle.utf8.count + tail.utf8.count + 96)
    header += challenge.id
    header += middle
    header += expires
    header += "\""
    header += tail
    return (challenge, header)
  }
}
