import EVM
import MPPCore
import Synchronization

/// Payers whose last sponsored transaction was reverted: the sponsor has paid its fee, and nobody anything else. They could do so
/// again and again, by emptying their account between the dry run and the block.
final class RevertedPayers: Sendable {
  /// How long a payer is not sponsored, in seconds.
  static let pause: Int64 = 600
  private static let capacity = 4_096

  private let ends = Mutex<[Address: Timestamp]>([:])

  func add(_ payer: Address, now: Timestamp) {
    ends.withLock { ends in
      if ends.count >= Self.capacity { ends = ends.filter { $0.value > now } }
      // Each has cost a fee: so many at once are kept out by the budget.
      guard ends.count < Self.capacity || ends[payer] != nil else { return }
      ends[payer] = now.adding(seconds: Self.pause)
    }
  }

  func contains(_ payer: Address, now: Timestamp) -> Bool {
    ends.withLock { ends in ends[payer].map { $0 > now } ?? false }
  }
}
