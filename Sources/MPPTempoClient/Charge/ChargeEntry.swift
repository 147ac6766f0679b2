import EVM
import MPPClient
import MPPCore
import MPPTempo

/// One signed payment, from before it can leave until what it bought has been delivered.
struct ChargeEntry: Sendable, Hashable {
  enum State: String, Sendable, Hashable {
    /// Signed: it may be, or become, part of the chain until it expires. → delivered, dead
    case signed
    /// What it bought has arrived, or it was used up. End.
    case delivered
    /// Proved never to be included. End.
    case dead
  }

  /// SHA-256 of what was asked for: a payment is presented again for the same request only.
  let request: String
  let challengeID: String
  /// The value of `Authorization`; presented again word for word.
  let credential: String
  let hash: Hash32
  /// On which it was signed; it is asked about on no other.
  let chainID: UInt64
  /// Seconds on the chain's clock.
  let validBefore: UInt64
  let amount: Amount
  let token: String
  /// Whether a sponsor's signature changes its hash.
  let isSponsored: Bool
  /// How it is recognised without its hash; nil when its transfer may look like another one.
  let evidence: ChargeEvidence?
  /// Where there is no evidence: a transfer that may look like another one, looked for only in the block that a receipt names.
  let trace: ChargeEvidence?
  var state: State
  /// The weights of the refusals it has met.
  var refusals = 0

  /// How much a refusal says about whether a payment was used. The raw value is its weight.
  enum Refusal: Int {
    /// Of the request, by somebody who may never have seen the payment.
    case asRequest = 1
    /// Of the payment, although it is on the chain.
    case asPayment = 2
  }

  /// Statuses of 400 and above that say nothing against the request: it is to come again.
  private static let comeAgain = [408, 409, 425, 429]

  /// Whether an answer without a receipt refuses the request.
  static func isRefusal(status: Int) -> Bool { (400..<500).contains(status) && !comeAgain.contains(status) }

  func refused(_ refusal: Refusal) -> ChargeEntry {
    var next = self
    next.refusals = min(refusals, Self.enoughRefusals) + refusal.rawValue
    return next
  }

  private static let enoughRefusals = 4

  /// A payment on the chain counts as used then.
  var isRefusedOften: Bool { refusals >= Self.enoughRefusals }

  /// Whether its hash is presented, of a transaction the client has broadcast itself.
  var isPushed: Bool {
    guard let credential = try? Credential(parsing: credential),
      case .hash? = try? ChargePayload(parsing: credential.payload)
    else { return false }
    return true
  }

  func encoded() -> [UInt8] {
    var members: [JSONValue.Member] = [
      .init(key: "request", value: .string(request)),
      .init(key: "challengeId", value: .string(challengeID)),
      .init(key: "credential", value: .string(credential)),
      .init(key: "hash", value: .string(hash.hex)),
      .init(key: "chainId", value: .string(String(chainID))),
      .init(key: "validBefore", value: .string(String(validBefore))),
      .init(key: "amount", value: .string(amount.description)),
      .init(key: "token", value: .string(token)),
      .init(key: "state", value: .string(state.rawValue)),
      .init(key: "sponsored", value: .bool(isSponsored)),
    ]
    if let trace { members.append(.init(key: "trace", value: trace.jsonValue)) }
    if let evidence { members.append(.init(key: "evidence", value: evidence.jsonValue)) }
    if refusals > 0 { members.append(.init(key: "refusals", value: .string(String(refusals)))) }
    return Array(JSONValue.object(members).serialized().utf8)
  }

  init(decoding bytes: [UInt8]) throws {
    let value = try JSONValue(parsing: bytes)
    guard let request = value["request"]?.stringValue, let challengeID = value["challengeId"]?.stringValue,
      let credential = value["credential"]?.stringValue, let hash = value["hash"]?.stringValue,
      let validBefore = value["validBefore"]?.stringValue.flatMap({ UInt64($0) }),
      let amount = value["amount"]?.stringValue, let token = value["token"]?.stringValue,
      let state = value["state"]?.nameValue.flatMap(State.init(rawValue:)),
      let chainID = Self.chainID(value["chainId"]?.stringValue, credential)
    else { throw JournalError(.corrupt, "a charge cannot be read") }
    let evidence = try value["evidence"].map { try ChargeEvidence($0) }
    let trace = try value["trace"].map { try ChargeEvidence($0) }
    self.init(
      request: request, challengeID: challengeID, credential: credential, hash: try Hash32(hex: hash),
      chainID: chainID, validBefore: validBefore, amount: try Amount(baseUnits: amount), token: token,
      isSponsored: value["sponsored"]?.boolValue ?? (evidence != nil), evidence: evidence, trace: trace,
      state: state)
    if let count = value["refusals"]?.stringValue {
      guard let count = Int(count), count > 0 else { throw JournalError(.corrupt, "a charge cannot be read") }
      refusals = count
    }
  }

  /// Entries of earlier versions name their chain in the credential only.
  private static func chainID(_ stored: String?, _ credential: String) -> UInt64? {
    if let stored { return UInt64(stored) }
    guard let source = (try? Credential(parsing: credential))?.source else { return nil }
    return AccountSource(strict: source)?.chainID
  }

  init(
    request: String, challengeID: String, credential: String, hash: Hash32, chainID: UInt64,
    validBefore: UInt64, amount: Amount, token: String, isSponsored: Bool, evidence: ChargeEvidence?,
    trace: ChargeEvidence?, state: State
  ) {
    self.chainID = chainID
    self.isSponsored = isSponsored
    self.request = request
    self.challengeID = challengeID
    self.credential = credential
    self.hash = hash
    self.validBefore = validBefore
    self.amount = amount
    self.token = token
    self.evidence = evidence
    self.trace = trace
    self.state = state
  }
}
