/// What became of one ``Write``.
public enum WriteOutcome: Sendable, Equatable {
  /// The store holds this version now, durably.
  case applied(version: UInt64)
  /// Nothing was changed: the store holds something else, namely this (`nil`: no such record).
  case conflict(VersionedRecord?)
  /// Nothing was changed because another write of the same group met a conflict.
  case groupRefused
}
