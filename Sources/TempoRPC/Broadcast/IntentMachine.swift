import EVM

/// Decides what is done for one intent. Pure: it sees events, it answers with the next action.
///
/// The rules it keeps: the bytes are sent only while they can still be included; a refusal ends the intent
/// only if no earlier attempt can have been taken; after an ambiguous answer the chain is asked, by hash,
/// then by effect; absence is believed only from receipts that are missing twice after a block that is well past `validBefore`:
/// behind a balancer the block may come from one node and the receipt from another that lags.
struct IntentMachine: Sendable, Equatable {
  enum Event: Sendable, Equatable {
    /// The intent was made just now and nobody has its bytes.
    case start
    /// The intent was read from the journal, or somebody else may have sent its bytes.
    case recover
    case answer(SendAnswer)
    case receipt(block: UInt64, succeeded: Bool)
    case noReceipt
    case head(number: UInt64, timestamp: UInt64)
    case effect(Bool)
    /// The chain could not be asked.
    case unreadable
    case wake
    /// The caller's patience is over.
    case deadline
  }

  enum Action: Sendable, Equatable {
    case send
    case lookForReceipt
    case readHead
    /// Look for the effect in the state after this block.
    case probe(block: UInt64)
    case pause
    case finish(Outcome)
  }

  enum Outcome: Sendable, Equatable {
    case included(block: UInt64)
    /// The effect is on chain; our own receipt was not found.
    case effective(block: UInt64)
    case reverted
    case rejected(String)
    case expired
    /// No node has seen it yet; it stays in the journal.
    case unavailable(String)
    /// Undecided; it stays in the journal.
    case pending
  }

  private(set) var state: ChainIntent.State
  let validBefore: UInt64?
  /// Whether this run may send. A reconciliation that only looks sets this to false.
  let maySend: Bool
  /// Some node may hold the bytes.
  private(set) var mayBeKnown = false
  /// The last answer says a node holds them.
  private(set) var isHeld = false
  private var looks = 0
  /// The head that proved `validBefore` past; receipts that are missing from then on end the intent.
  private(set) var passedAt: UInt64?
  private var absences = 0
  private var lastText = ""

  /// Looks for a receipt between two sendings of bytes that a node is known to hold.
  static let resendEvery = 8
  /// Receipts that must be missing after the head that proved `validBefore` past.
  static let neededAbsences = 2

  init(state: ChainIntent.State, validBefore: UInt64?, maySend: Bool = true) {
    self.state = state
    self.validBefore = validBefore
    self.maySend = maySend
  }

  mutating func handle(_ event: Event) -> Action {
    if let finished = finishedAction { return finished }
    switch event {
    case .start:
      return maySend ? .send : .lookForReceipt
    case .recover:
      mayBeKnown = true
      return .lookForReceipt
    case .answer(let answer):
      return handle(answer)
    case .receipt(let block, true):
      state = .included(block: block)
      return .finish(.included(block: block))
    case .receipt(_, false):
      state = .rejected
      return .finish(.reverted)
    case .noReceipt:
      return handleAbsence()
    case .head(let number, let timestamp):
      passedAt = nil
      guard let validBefore, ChainIntent.isPast(validBefore, at: timestamp) else { return .pause }
      passedAt = number
      absences = 0
      return .probe(block: number)
    case .effect(true):
      let block = passedAt ?? 0
      state = .included(block: block)
      return .finish(.effective(block: block))
    case .effect(false):
      return .lookForReceipt
    case .unreadable:
      passedAt = nil
      return .pause
    case .wake:
      return next()
    case .deadline:
      return .finish(mayBeKnown ? .pending : .unavailable(lastText))
    }
  }

  private mutating func handle(_ answer: SendAnswer) -> Action {
    switch answer {
    case .accepted, .known:
      state = .sent
      mayBeKnown = true
      isHeld = true
      return .lookForReceipt
    case .ambiguous(let text):
      state = .sent
      mayBeKnown = true
      lastText = text
      return .lookForReceipt
    case .notReceived(let text):
      lastText = text
      return mayBeKnown ? .lookForReceipt : .readHead
    case .refused(let text):
      lastText = text
      guard mayBeKnown else {
        state = .rejected
        return .finish(.rejected(text))
      }
      return .lookForReceipt
    }
  }

  private mutating func handleAbsence() -> Action {
    looks += 1
    guard passedAt != nil else { return .readHead }
    absences += 1
    guard absences >= Self.neededAbsences else { return .lookForReceipt }
    state = .expired
    return .finish(.expired)
  }

  private func next() -> Action {
    guard maySend else { return .lookForReceipt }
    if isHeld, looks % Self.resendEvery != 0 { return .lookForReceipt }
    return .send
  }

  private var finishedAction: Action? {
    switch state {
    case .included(let block), .confirmed(let block): .finish(.included(block: block))
    case .expired: .finish(.expired)
    case .rejected: .finish(.rejected(lastText))
    case .prepared, .sent: nil
    }
  }
}
