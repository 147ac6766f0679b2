import MPPCore
import TestSupport

/// A request of a recorded exchange with the answer of the reference, and what they say by themselves, whatever the
/// case is called.
struct ExchangeStep {
  let request: JSONValue
  let expected: JSONValue
  let now: Timestamp

  init(_ value: JSONValue) throws {
    guard let request = value["request"], let expected = value["response"],
      let now = value["now"]?.stringValue
    else { throw VectorError("step \(value)") }
    self.request = request
    self.expected = expected
    self.now = try Timestamp(rfc3339: now)
  }

  /// The steps of a case that can be read.
  static func all(_ vector: VectorCase) -> [ExchangeStep] {
    (vector["steps"]?.arrayValue ?? []).compactMap { try? ExchangeStep($0) }
  }

  var status: Int64? { expected["status"]?.intValue }
  var isServed: Bool { (200..<300).contains(status ?? 0) }

  var authorization: String? { request["headers"]?["authorization"]?.stringValue }

  /// The only credential, if there is one.
  var credential: Credential? {
    guard let authorization, let header = try? Credential.extract(fromAuthorization: authorization) else {
      return nil
    }
    return try? Credential(parsing: header)
  }

  /// Whether there is more than one credential for the scheme.
  var hasSeveralCredentials: Bool {
    let pieces = (authorization ?? "").split(separator: ",").map { piece in
      piece.split(separator: " ").map { $0.lowercased() }
    }
    return pieces.count { $0.count > 1 && $0[0] == "payment" } > 1
  }

  var isProof: Bool { credential?.payload["type"]?.stringValue == "proof" }
  var action: String? { credential?.payload["action"]?.stringValue }

  /// The problem of the reference's answer.
  var problem: PaymentProblem? {
    expected["body"]?.stringValue.flatMap { try? JSONValue(parsing: $0) }.flatMap {
      PaymentProblem(document: $0)
    }
  }

  /// The challenges of the reference's answer; nil when it has none.
  func challenges() throws -> [Challenge]? {
    try expected["headers"]?["www-authenticate"]?.stringValue.map {
      try Challenge.parse(header: $0).challenges
    }
  }

  /// Whether a challenge of the reference tells whoever asks what is known about a channel.
  func hasSnapshot() throws -> Bool {
    try challenges()?.contains {
      $0.request.value()["methodDetails"]?["sessionSnapshot"] != nil
    } ?? false
  }
}
