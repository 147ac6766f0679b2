public import MPPCore
import Synchronization

/// Gives out hold names that are unique for the life of the ledger. One for a process.
public final class HoldSequence: Sendable {
  /// See ``HoldID/epoch``.
  public let epoch: UInt64
  private let last = Atomic<UInt64>(0)

  /// - Parameter random: eight bytes of it become the epoch, which must differ from every other process's.
  public init(random: any RandomSource) {
    epoch = random.fill(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// A name nobody was given before; safe to call from any thread.
  public func next() -> HoldID {
    HoldID(epoch: epoch, sequence: last.add(1, ordering: .relaxed).newValue)
  }
}
