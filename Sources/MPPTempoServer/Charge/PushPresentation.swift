import EVM
import MPPCore
import MPPServer

/// A pushed payment that was presented while its challenge lived, and that the chain could not be asked about, or did not know yet.
/// The money may have moved: it is redeemed also when the challenge has expired meanwhile (`06` §1.16). It reserves nothing; whoever
/// proves first that the payment is theirs has it.
struct PushPresentation: Sendable {
  let key: ReplayKey
  let challengeID: String
  /// The node has, or had, such a transaction.
  let isKnown: Bool
  let presented: Timestamp
  let until: Timestamp
}

extension PushPresentation {
  /// Seconds after the end of the challenge in which the payment may be presented again; fewer for a hash that any stranger may have
  /// made up.
  private static let retention: Int64 = 86_400
  private static let retentionOfUnknown: Int64 = 900

  init(_ hash: Hash32, _ call: ChargeCall, isKnown: Bool = false) {
    let id = Array(call.challengeID.utf8) + [0] + hash.bytes + call.request.bytes
    key = ReplayKey(space: "pushed", id: id)
    challengeID = call.challengeID
    self.isKnown = isKnown
    presented = call.now
    until = call.expires.adding(seconds: isKnown ? Self.retention : Self.retentionOfUnknown)
  }
}
