/// What outside bytes can reach. Each target feeds one input to one family of parsers and throws a
/// ``FuzzViolation`` when a property does not hold; that nothing traps, hangs or exhausts memory is what the
/// sanitizer and libFuzzer look for.
public enum FuzzTarget: String, CaseIterable, Sendable {
  case wwwAuthenticate = "www-authenticate"
  case authorization
  case knownChallenge = "known-challenge"
  case acceptPayment = "accept-payment"
  case receipt
  case json
  case canonicalJSON = "canonical-json"
  case problem
  case values
  case sessionWire = "session-wire"
  case snapshot
  case sse
  case socketFrame = "socket-frame"
  case record
  case rlp
  case abi
  case contracts
  case signature
  case transaction
  case keyAuthorization = "key-authorization"
  case voucher
  case rpcAnswer = "rpc-answer"

  public func run(_ bytes: [UInt8]) throws {
    switch self {
    case .wwwAuthenticate: try ChallengeProperties.check(bytes)
    case .authorization: try CredentialProperties.check(bytes)
    case .knownChallenge: try KnownChallengeProperties.check(bytes)
    case .acceptPayment: try AcceptPaymentProperties.check(bytes)
    case .receipt: try ReceiptProperties.check(bytes)
    case .json: try JSONProperties.check(bytes)
    case .canonicalJSON: try CanonicalJSONProperties.check(bytes)
    case .problem: try ProblemProperties.check(bytes)
    case .values: try ValueProperties.check(bytes)
    case .sessionWire: try SessionWireProperties.check(bytes)
    case .snapshot: try SnapshotProperties.check(bytes)
    case .sse: try EventStreamProperties.check(bytes)
    case .socketFrame: try SocketFrameProperties.check(bytes)
    case .record: try RecordProperties.check(bytes)
    case .rlp: try RLPProperties.check(bytes)
    case .abi: try ABIProperties.check(bytes)
    case .contracts: try ContractProperties.check(bytes)
    case .signature: try SignatureProperties.check(bytes)
    case .transaction: try TransactionProperties.check(bytes)
    case .keyAuthorization: try KeyAuthorizationProperties.check(bytes)
    case .voucher: try VoucherProperties.check(bytes)
    case .rpcAnswer: try RPCAnswerProperties.check(bytes)
    }
  }
}

/// A property that an input has broken.
public struct FuzzViolation: Error, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}

func require(_ condition: Bool, _ property: @autoclosure () -> String) throws {
  guard condition else { throw FuzzViolation(property()) }
}

extension String {
  /// Texts are compared by their bytes everywhere: `==` follows Unicode equivalence.
  func hasBytes(of other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
