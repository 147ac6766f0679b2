import Metrics
import Synchronization

/// The server's metrics (`11` §12). Labels come from bounded vocabularies: registered intents and the
/// outcomes below, never from a request.
final class ServerMetrics: Sendable {
  enum Outcome: String, CaseIterable, Sendable {
    case challenged
    case refused
    case problem
    case managed
    case paid
    case delivered
    case released

    /// Position in `allCases`.
    var index: Int {
      switch self {
      case .challenged: 0
      case .refused: 1
      case .problem: 2
      case .managed: 3
      case .paid: 4
      case .delivered: 5
      case .released: 6
      }
    }
  }

  /// The counters of one intent.
  final class Counters: Sendable {
    private let counters: [Counter]

    init(intent: String) {
      counters = Outcome.allCases.map { outcome in
        Counter(
          label: "mpp_requests_total", dimensions: [("intent", intent), ("outcome", outcome.rawValue)])
      }
    }

    func increment(_ outcome: Outcome) {
      counters[outcome.index].increment()
    }
  }

  /// One entry per registered intent; a handful, so a linear search is the fastest.
  private let handles: [(intent: String, counters: Counters)]
  private let verifySeconds = Timer(label: "mpp_verify_seconds")

  init(intents: [String]) {
    var seen: [(intent: String, counters: Counters)] = []
    for intent in intents where !seen.contains(where: { $0.intent == intent }) {
      seen.append((intent, Counters(intent: intent)))
    }
    handles = seen
  }

  func count(_ outcome: Outcome, intent: String) {
    for entry in handles where entry.intent == intent { entry.counters.increment(outcome) }
  }

  /// For what counts often.
  func counters(intent: String) -> Counters {
    handles.first { $0.intent == intent }?.counters ?? Counters(intent: intent)
  }

  func verified(in duration: Duration) {
    let (seconds, attoseconds) = duration.components
    verifySeconds.recordNanoseconds(seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000)
  }
}
