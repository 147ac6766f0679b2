import MPPCore
import Synchronization

/// The block number the node named last, and when. A number far ahead of it is a fault of the node: taken over
/// into a record it would make every true observation after it look old.
final class ChainHeights: Sendable {
  private struct Seen {
    var number: UInt64
    var at: Timestamp
  }

  /// Blocks that may appear between two looks besides those that time explains; under any payer's grace period.
  static let slack: UInt64 = 1_024
  /// Milliseconds; several times faster than the chain.
  static let shortestBlockTime: Int64 = 100

  private let seen = Mutex<Seen?>(nil)

  var isEmpty: Bool { seen.withLock { $0 == nil } }

  /// Whether the number can be true. The next one is compared with it.
  ///
  /// The first is taken as it is: give it only after asking twice.
  func accept(_ number: UInt64, now: Timestamp) -> Bool {
    seen.withLock { seen in
      if let last = seen {
        let elapsed = max(now.milliseconds.subtractingReportingOverflow(last.at.milliseconds).partialValue, 0)
        let blocks = UInt64(elapsed / Self.shortestBlockTime)
        let (bound, overflow) = last.number.addingReportingOverflow(Self.slack + blocks)
        guard overflow || number <= bound else { return false }
      }
      seen = Seen(number: number, at: now)
      return true
    }
  }

  static func agree(_ first: UInt64, _ second: UInt64) -> Bool {
    (first > second ? first - second : second - first) <= slack
  }
}
