import MPPCore
import Synchronization

/// The highest number the node has named for its newest block, and when. A number far ahead of it is a fault of
/// the node: taken over into a record it would make every true observation after it look old.
final class ChainHeights: Sendable {
  private struct Seen {
    var number: UInt64
    var at: Timestamp
  }

  /// Blocks that may appear between two looks besides those that time explains; under any payer's grace period.
  static let slack: UInt64 = 1_024
  /// Milliseconds; several times faster than the chain.
  static let shortestBlockTime: Int64 = 100
  /// Milliseconds by which a clock is corrected without a thought. One that was set back by more says nothing about how many blocks
  /// there may be by now: what was seen counts no longer, or every true number were impossible until the clock has caught up.
  static let correction: Int64 = 60_000

  private let seen = Mutex<Seen?>(nil)

  /// Whether there is nothing to compare a number with.
  func isEmpty(now: Timestamp) -> Bool { seen.withLock { Self.comparable($0, now) == nil } }

  /// Whether a block can have this number. Changes nothing: the block of a receipt may be as old as the chain, and
  /// says nothing about where the chain is.
  func isPossible(_ number: UInt64, now: Timestamp) -> Bool {
    seen.withLock { Self.isPossible(number, $0, now) }
  }

  /// Whether the newest block can have this number. The next ones are compared with it when time explains it, unless it is lower
  /// than one before: nodes lag behind each other, and a chain that begins anew is served as well.
  ///
  /// The first is taken as it is: give it only after asking twice.
  func accept(_ number: UInt64, now: Timestamp) -> Bool {
    seen.withLock { seen in
      guard Self.isPossible(number, seen, now) else { return false }
      if let last = Self.comparable(seen, now) {
        // One that time alone does not explain is let pass and not built upon: a few of them would lead anywhere.
        guard number >= last.number, number - last.number <= Self.blocks(since: last, now) else {
          return true
        }
      }
      seen = Seen(number: number, at: now)
      return true
    }
  }

  private static func isPossible(_ number: UInt64, _ seen: Seen?, _ now: Timestamp) -> Bool {
    guard let last = comparable(seen, now) else { return true }
    let (bound, overflow) = last.number.addingReportingOverflow(slack + blocks(since: last, now))
    return overflow || number <= bound
  }

  private static func blocks(since last: Seen, _ now: Timestamp) -> UInt64 {
    let elapsed = max(now.milliseconds.subtractingReportingOverflow(last.at.milliseconds).partialValue, 0)
    return UInt64(elapsed / shortestBlockTime)
  }

  private static func comparable(_ seen: Seen?, _ now: Timestamp) -> Seen? {
    guard let seen, seen.at.adding(milliseconds: -correction) <= now else { return nil }
    return seen
  }

  static func agree(_ first: UInt64, _ second: UInt64) -> Bool {
    (first > second ? first - second : second - first) <= slack
  }
}
