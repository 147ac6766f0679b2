/// What an applied write survives.
public enum Durability: Int, Sendable, Comparable {
  /// Nothing: it is gone with the process.
  case volatile
  /// The end of the process, but not a power failure.
  case process
  /// Power failure.
  case power
  /// The loss of a machine.
  case replicated

  public static func < (left: Durability, right: Durability) -> Bool { left.rawValue < right.rawValue }
}
