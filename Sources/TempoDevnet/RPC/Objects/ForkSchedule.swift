import MPPCore

/// All forks are active from the start (`03` §1).
enum ForkSchedule {
  private static let names = [
    "T0", "T1", "T1A", "T1B", "T1C", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10",
  ]

  static let json = ChainJSON.object([
    (
      "schedule",
      .array(names.map { ["name": .string($0), "activationTime": 0, "active": true] })
    ),
    ("active", "T10"),
  ])
}
