import MPPCore

/// A problem document that is the same for every request except for the id of the fresh challenge, which
/// is its last member. Keeps the answer to a request without credential cheap.
struct ProblemTemplate: Sendable {
  let problem: PaymentProblem
  private let prefix: [UInt8]

  init(_ problem: PaymentProblem) {
    self.problem = problem
    var bytes = Array(problem.body().serialized().utf8)
    bytes.removeLast()
    bytes.append(contentsOf: #","challengeId":""#.utf8)
    prefix = bytes
  }

  /// - Parameter challengeID: 43 characters of base64url, which need no escaping.
  func body(challengeID: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(prefix.count + challengeID.utf8.count + 2)
    bytes.append(contentsOf: prefix)
    bytes.append(contentsOf: challengeID.utf8)
    bytes.append(contentsOf: #""}"#.utf8)
    return bytes
  }
}
