/// A challenge of which only the expiry is missing. Issuing one costs a MAC and a concatenation: everything
/// that does not change has been checked, escaped and written once (`01` §23.4).
public struct ChallengeTemplate: Sendable {
  private let parameters: ChallengeParameters
  /// What the id covers before the expiry, and after it.
  private let beginning: ChallengeMAC.Beginning
  private let signedRest: [UInt8]
  /// The header value before and after the id.
  private let head: [UInt8]
  private let middle: [UInt8]
  /// The header value after the expiry.
  private let tail: [UInt8]

  /// Checks and writes what all challenges of a route have in common; `parameters.expires` is ignored.
  public init(mac: ChallengeMAC, parameters: ChallengeParameters) throws(ChallengeError) {
    var parameters = parameters
    parameters.expires = nil
    try parameters.checkIssuable()
    self.parameters = parameters
    signedRest = Array("|\(parameters.digest ?? "")|\(parameters.opaque ?? "")".utf8)
    beginning = mac.beginning(Array(ChallengeMAC.message(parameters).dropLast(signedRest.count)))
    let head = "Payment id=\""
    let common = try Challenge(id: "", parameters: parameters).serialized()
    var last = ChallengeWriter(escapesControls: true)
    if let opaque = parameters.opaque { try last.append("opaque", opaque) }
    // `expires` comes before `opaque`, which is the last parameter.
    let opaqueText = String(decoding: last.bytes, as: UTF8.self).dropFirst("Payment ".count)
    let tail = opaqueText.isEmpty ? "" : ", " + opaqueText
    let middle = String(common.dropFirst(head.count).dropLast(tail.count)) + ", expires=\""
    (self.head, self.middle, self.tail) = (Array(head.utf8), Array(middle.utf8), Array(("\"" + tail).utf8))
  }

  /// A new challenge and its `WWW-Authenticate` value. `expires` is signed as it stands.
  public func issue(expires: String) throws(ChallengeError) -> (challenge: Challenge, header: String) {
    guard Timestamp.isWellFormed(expires) else { throw .invalidField("expires") }
    let (id, header) = written(expires)
    var parameters = parameters
    parameters.expires = expires
    return (Challenge(id: id, parameters: parameters), header)
  }

  /// The id of a new challenge and its `WWW-Authenticate` value.
  ///
  /// - Parameter subMillisecond: see ``Timestamp/rfc3339(subMillisecond:)``; nil for none.
  package func issue(expires: Timestamp, subMillisecond: UInt32?) -> (id: String, header: String) {
    written(subMillisecond.map { expires.rfc3339(subMillisecond: $0) } ?? expires.rfc3339)
  }

  private func written(_ expires: String) -> (id: String, header: String) {
    let id = beginning.id(endingWith: Array(expires.utf8) + signedRest)
    let length = head.count + id.utf8.count + middle.count + expires.utf8.count + tail.count
    let header = String(unsafeUninitializedCapacity: length) { target in
      var rest = UnsafeMutableRawBufferPointer(target)
      Self.append(head.span.bytes, to: &rest)
      Self.append(id.utf8.span.bytes, to: &rest)
      Self.append(middle.span.bytes, to: &rest)
      Self.append(expires.utf8.span.bytes, to: &rest)
      Self.append(tail.span.bytes, to: &rest)
      return length
    }
    return (id, header)
  }

  private static func append(_ bytes: RawSpan, to rest: inout UnsafeMutableRawBufferPointer) {
    bytes.withUnsafeBytes { rest.copyMemory(from: $0) }
    rest = UnsafeMutableRawBufferPointer(rebasing: rest[bytes.byteCount...])
  }
}
