/// The name of a hold: which run of which process took it, and which one of that run it is.
public struct HoldID: Sendable, Hashable, Comparable {
  /// Random, chosen once when a process starts.
  public let epoch: UInt64
  /// Counts within the epoch.
  public let sequence: UInt64

  /// Only ``HoldSequence/next()`` should make new ones: a name that is taken is refused as `duplicateHold`.
  public init(epoch: UInt64, sequence: UInt64) {
    self.epoch = epoch
    self.sequence = sequence
  }

  public static func < (left: HoldID, right: HoldID) -> Bool {
    (left.epoch, left.sequence) < (right.epoch, right.sequence)
  }
}
