public import MPPCore

/// The course of one paid request: send → 402 → choose an offer → pay → send again, bounded (A9). A pure value; the
/// client does what it says and reports back.
///
/// Guarantees, whatever a server answers: at most `maximumAttempts` requests carry a credential; no challenge id is
/// paid twice; no credential goes to another origin's terms or over plain HTTP to another machine; the price and the
/// terms of the offer that is paid first bind all later attempts. An offer that cannot be prepared gives way to the next one of the
/// first answer; once a credential was made none does.
public struct PaymentFlow: Sendable {
  /// Where the request is; `finished` is final.
  public enum State: Sendable, Hashable {
    /// → waiting
    case ready
    /// Sent without a credential. → paying, finished
    case waiting
    /// A credential is being made. → presenting, paying, finished
    case paying
    /// Sent with a credential. → reviewing, finished
    case presenting
    /// Refused; the method looks at it. → paying, finished
    case reviewing
    /// Nothing follows; every event is an error.
    case finished
  }

  /// An offer as far as the flow has to know it.
  public struct Candidate: Sendable, Hashable {
    /// Is paid once at most.
    public let challengeID: String
    /// Method, intent, token, recipient and the rest that must not change.
    public let terms: String
    /// Base units. A later attempt may cost less, never more.
    public let price: Amount
    /// - Parameter terms: compared byte for byte between attempts.
    public init(challengeID: String, terms: String, price: Amount) {
      self.challengeID = challengeID
      self.terms = terms
      self.price = price
    }
  }

  /// What a server answered, as far as the flow has to know it.
  public struct Answer: Sendable, Hashable {
    /// HTTP status.
    public let status: Int
    /// Payable offers in order of preference.
    public let candidates: [Candidate]
    /// Whether the body is a payment problem document.
    public let isPaymentProblem: Bool
    /// - Parameter candidates: only offers that may be paid: the flow takes the first.
    public init(status: Int, candidates: [Candidate] = [], isPaymentProblem: Bool = false) {
      self.status = status
      self.candidates = candidates
      self.isPaymentProblem = isPaymentProblem
    }
  }

  /// What has happened; reported by whoever does the flow's actions.
  public enum Event: Sendable, Hashable {
    /// The first event, once.
    case started
    /// The head of an answer is there, and the body of a 400, 402 or 410.
    case answered(Answer)
    /// Nothing else may be paid in its place from here on.
    case credentialMade
    /// There is no credential for this offer, and nothing was signed or written down for it.
    case unprepared
    /// The method prepared another attempt.
    case refusalHandled
    /// Something outside the flow failed: transport, signer, policy, cancellation.
    case failed
  }

  /// What to do next. After ``deliver(paid:)`` and ``stop`` nothing follows.
  public enum Action: Sendable, Hashable {
    /// Send the request without a credential.
    case sendUnpaid
    /// Make a credential for the candidate with this index of the last answer.
    case pay(Int)
    /// Send the request with the credential that was made.
    case sendPaid
    /// Let the method look at the refusal; the index names the offer of a further attempt, nil that there is none.
    case review(next: Int?)
    /// Hand the answer to the application.
    case deliver(paid: Bool)
    /// There is no answer to hand over.
    case stop
  }

  /// Why the flow does not go on.
  public enum FlowError: Error, Sendable, Hashable {
    /// Payment is asked for over plain HTTP by another machine. Nothing was signed.
    case insecureTransport
    /// An event that cannot happen in this state, and its name.
    case notAllowed(State, String)
  }

  /// Changed by ``handle(_:)`` alone.
  public private(set) var state: State = .ready
  /// Requests sent, or about to be sent, with a credential.
  public private(set) var attempts = 0
  private let origin: Origin
  private let maximumAttempts: Int
  private var accepted: Candidate?
  /// What may be paid in place of the accepted offer, as long as no credential was made.
  private var alternatives: ArraySlice<(index: Int, candidate: Candidate)> = []
  private var next: (index: Int, candidate: Candidate)?
  /// The bytes of their ids, which are texts of a peer.
  private var paidChallenges: Set<[UInt8]> = []

  /// - Parameters:
  ///   - origin: of the request; it must be one that may receive credentials before anything is paid.
  ///   - maximumAttempts: requests with a credential; less than 1 counts as 1.
  public init(origin: Origin, maximumAttempts: Int = 3) {
    self.origin = origin
    self.maximumAttempts = max(1, maximumAttempts)
  }

  /// Moves the flow and says what to do. After an error the flow is finished.
  public mutating func handle(_ event: Event) throws(FlowError) -> Action {
    switch (state, event) {
    case (.ready, .started):
      state = .waiting
      return .sendUnpaid
    case (.waiting, .answered(let answer)):
      return try choose(answer)
    case (.paying, .credentialMade):
      alternatives = []
      state = .presenting
      return .sendPaid
    case (.paying, .unprepared):
      guard let (index, candidate) = alternatives.popFirst() else {
        state = .finished
        return .stop
      }
      // It will carry no credential.
      attempts -= 1
      accepted = candidate
      return pay(candidate, at: index)
    case (.presenting, .answered(let answer)):
      return review(answer)
    case (.reviewing, .refusalHandled):
      guard let next else {
        state = .finished
        return .stop
      }
      return pay(next.candidate, at: next.index)
    case (.finished, _), (.ready, .failed):
      throw .notAllowed(state, event.name)
    case (_, .failed):
      state = .finished
      return .stop
    default:
      let from = state
      state = .finished
      throw .notAllowed(from, event.name)
    }
  }

  private mutating func choose(_ answer: Answer) throws(FlowError) -> Action {
    guard answer.status == 402, let candidate = answer.candidates.first else {
      state = .finished
      return .deliver(paid: false)
    }
    guard origin.mayReceiveCredentials else {
      state = .finished
      throw .insecureTransport
    }
    accepted = candidate
    alternatives = answer.candidates.enumerated().map { ($0.offset, $0.element) }.dropFirst()
    return pay(candidate, at: 0)
  }

  private mutating func pay(_ candidate: Candidate, at index: Int) -> Action {
    attempts += 1
    paidChallenges.insert(Array(candidate.challengeID.utf8))
    next = nil
    state = .paying
    return .pay(index)
  }

  private mutating func review(_ answer: Answer) -> Action {
    let isRefusal =
      switch answer.status {
      case 402: true
      case 400, 410: answer.isPaymentProblem
      default: false
      }
    guard isRefusal, let accepted else {
      state = .finished
      return .deliver(paid: true)
    }
    state = .reviewing
    next = nil
    if attempts < maximumAttempts, answer.status != 400 {
      for (index, candidate) in answer.candidates.enumerated()
      where candidate.terms.equalsBytes(of: accepted.terms) && candidate.price <= accepted.price
        && !paidChallenges.contains(Array(candidate.challengeID.utf8))
      {
        next = (index, candidate)
        break
      }
    }
    return .review(next: next?.index)
  }
}

extension PaymentFlow.Event {
  /// The case without its values, for logs.
  public var name: String {
    switch self {
    case .started: "started"
    case .answered: "answered"
    case .credentialMade: "credentialMade"
    case .unprepared: "unprepared"
    case .refusalHandled: "refusalHandled"
    case .failed: "failed"
    }
  }
}
