import EVM
import Logging
import MPPCore
import Metrics

/// The only way to send a transaction (`11` §9): journalled before it is sent, reconciled before repeated.
///
/// Idempotent by identity: submitting an action that is already under way continues with the stored bytes and
/// ignores the new ones. One task at a time per identity; callers hold a lane.
public struct Broadcaster: Sendable {
  /// Says whether the action's effect is in the chain's state after a block.
  public typealias EffectProbe = @Sendable (BlockTag) async throws(ChainError) -> Bool

  /// The node that is sent to and asked.
  public let client: ChainClient
  /// The journal. Durable, or a restart forgets what may have been sent.
  public let store: any IntentStore
  private let logger: Logger

  /// - Parameter store: not shared with a broadcaster of another chain.
  public init(client: ChainClient, store: any IntentStore) {
    self.client = client
    self.store = store
    logger = Logger(label: "mpp.chain")
  }

  /// Journals `intent`, sends it and waits for its end.
  ///
  /// - Parameters:
  ///   - mayBeKnown: true when somebody else may have sent these bytes (a client's own transaction): a
  ///     refusal is then reconciled instead of believed.
  ///   - probe: how to see the effect without the receipt; makes the proof of absence independent of it.
  ///   - deadlineMilliseconds: how long to wait; an undecided intent stays in the journal.
  /// - Returns: the stored intent and what became of it. After `.included` and `.effective` the caller
  ///   applies the effect to its own records and then calls `confirm`; safe to repeat.
  /// - Throws: errors of the store (the intent may or may not be stored, and was not sent if it is not), and
  ///   `ChainError(.cancelled)`.
  public func submit(
    _ intent: ChainIntent, mayBeKnown: Bool = false, probe: EffectProbe? = nil,
    deadlineMilliseconds: Int64? = nil
  ) async throws -> BroadcastResult {
    // Bytes that were journalled before may have been sent before, whatever the journal says.
    let earlier = try await store.load(intent.identity)
    let isNew = !(earlier?.blocks(intent) ?? false)
    let stored = try await store.insert(intent)
    count(stored.identity.kind, "submitted")
    return try await run(
      stored, isNew && !mayBeKnown ? .start : .recover, maySend: true, probe: probe,
      deadline: deadlineMilliseconds)
  }

  /// Continues an intent from the journal.
  /// - Parameter maySend: false to look only, for transactions that should not be sent behind the back of
  ///   who signed them.
  public func resume(
    _ intent: ChainIntent, maySend: Bool = true, probe: EffectProbe? = nil,
    deadlineMilliseconds: Int64? = nil
  ) async throws -> BroadcastResult {
    try await run(intent, .recover, maySend: maySend, probe: probe, deadline: deadlineMilliseconds)
  }

  /// Ends an intent after its effect is in the caller's own records. Idempotent; a lost call is made up for
  /// at the next reconciliation, which applies the effect once more.
  public func confirm(_ result: BroadcastResult) async throws {
    guard case .included(let block) = result.intent.state else { return }
    count(result.intent.identity.kind, "confirmed")
    try await store.update(result.intent.ended(.confirmed(block: block)))
  }

  /// Ends an intent that the chain's state contradicts although it was found included: it has no effect. Idempotent.
  public func abandon(_ result: BroadcastResult) async throws {
    count(result.intent.identity.kind, "abandoned")
    try await store.update(result.intent.ended(.rejected))
  }

  private func run(
    _ intent: ChainIntent, _ first: IntentMachine.Event, maySend: Bool, probe: EffectProbe?,
    deadline: Int64?
  ) async throws -> BroadcastResult {
    var intent = intent
    var machine = IntentMachine(state: intent.state, validBefore: intent.validBefore, maySend: maySend)
    var receipt: TransactionReceipt?
    var waited: Int64 = 0
    var event = first
    while true {
      let action = machine.handle(event)
      if machine.state != intent.state {
        intent.state = machine.state
        try await store.update(intent)
      }
      switch action {
      case .send: event = .answer(checked(await client.send(intent.raw), intent))
      case .lookForReceipt:
        (event, receipt) = try await look(intent)
      case .readHead: event = try await head()
      case .probe(let block): event = try await observe(probe, block)
      case .pause:
        if waited >= deadline ?? client.limits.receiptDeadline {
          event = .deadline
        } else {
          try await client.wait(client.limits.receiptPoll)
          waited += max(1, client.limits.receiptPoll)
          event = .wake
        }
      case .finish(let outcome):
        return try await finish(intent, outcome, receipt)
      }
    }
  }

  private func look(
    _ intent: ChainIntent
  ) async throws -> (IntentMachine.Event, TransactionReceipt?) {
    do {
      guard let receipt = try await client.receipt(intent.hash) else { return (.noReceipt, nil) }
      return (.receipt(block: receipt.blockNumber, succeeded: receipt.succeeded), receipt)
    } catch {
      return (try undecided(error), nil)
    }
  }

  private func head() async throws -> IntentMachine.Event {
    do {
      let block = try await client.latestBlock()
      return .head(number: block.number, timestamp: block.timestamp)
    } catch {
      return try undecided(error)
    }
  }

  private func observe(_ probe: EffectProbe?, _ block: UInt64) async throws -> IntentMachine.Event {
    guard let probe else { return .effect(false) }
    do {
      return .effect(
        try await client.readBack { () async throws(ChainError) in try await probe(.number(block)) })
    } catch {
      return try undecided(error)
    }
  }

  /// A read that failed decides nothing; only cancellation ends the wait.
  private func undecided(_ error: ChainError) throws -> IntentMachine.Event {
    if error.code == .cancelled { throw error }
    logger.debug("the chain could not be asked", metadata: ["mpp.code": "\(error.label)"])
    return .unreadable
  }

  /// A node that names another hash has not proved anything about ours.
  private func checked(_ answer: SendAnswer, _ intent: ChainIntent) -> SendAnswer {
    if case .accepted(let hash) = answer, hash != intent.hash {
      return .ambiguous("the node names another hash")
    }
    return answer
  }

  private func finish(
    _ intent: ChainIntent, _ outcome: IntentMachine.Outcome, _ receipt: TransactionReceipt?
  ) async throws -> BroadcastResult {
    count(intent.identity.kind, outcome.label)
    var receipt = receipt
    if case .included = outcome, receipt == nil {
      receipt = try await client.receipt(intent.hash)
    }
    return BroadcastResult(intent: intent, outcome: .init(outcome, receipt))
  }

  private func count(_ kind: ChainIntent.Kind, _ state: String) {
    Counter(label: "mpp_chain_actions_total", dimensions: [("kind", "\(kind)"), ("state", state)])
      .increment()
  }
}

extension IntentMachine.Outcome {
  fileprivate var label: String {
    switch self {
    case .included: "included"
    case .effective: "effective"
    case .reverted: "reverted"
    case .rejected: "rejected"
    case .expired: "expired"
    case .unavailable: "unavailable"
    case .pending: "pending"
    }
  }
}
