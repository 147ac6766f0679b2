/// The kinds of records this package keeps. Numbers are stored; they are never reused.
public enum RecordKind {
  /// Payment channels (TIP-1034 sessions).
  public static let channel: UInt8 = 1
  /// Chain actions, written before they are sent.
  public static let chainIntent: UInt8 = 2
  /// Leases of background workers.
  public static let lease: UInt8 = 3
  /// Subscriptions.
  public static let subscription: UInt8 = 4
  /// On-chain charges.
  public static let charge: UInt8 = 5
  /// What sponsors have agreed to pay.
  public static let sponsorBudget: UInt8 = 6
  /// The newest channel of a payer.
  public static let payerChannel: UInt8 = 7
  /// The chain that channels, or charges, are on.
  public static let chain: UInt8 = 8
  /// First number an application may use for its own kinds.
  public static let firstOfApplication: UInt8 = 128
}
