public import EVM
public import MPPCore

/// How a client uses channels, within its spending policy. Amounts are base units.
public struct TempoSessionOptions: Sendable {
  /// Opening deposit where the server suggests none; nil: `openingUnits` prices.
  public var openingDeposit: Amount?
  /// Prices that an opening deposit covers where neither server nor user names one.
  public var openingUnits: UInt64 = 100
  /// Preferred size of a top-up; nil: what the server suggests.
  public var topUpAmount: Amount?
  /// The only escrow this client uses; nil: the channel reserve of the chain.
  public var escrow: Address?
  /// The largest raise above a price that is signed for a server's `minVoucherDelta`; nil: none.
  public var maximumStep: Amount?
  /// The most one of this client's own transactions may cost in fees, close requests and withdrawals included; counted in the policy's
  /// total.
  public var maximumFee = Amount(units: 1_000_000)
  /// Tokens besides the payment token and pathUSD in which fees may be paid. What gets a deposit back is paid in the first of all these
  /// that the account holds and the chain takes.
  public var feeTokens: Set<Address> = []
  /// Blocks searched backwards for channels that the journal does not know. Older ones are not found: a warning says from which block on
  /// was searched, and with more blocks the next recovery finds them.
  public var recoveryBlocks: UInt64 = 5_000_000
  /// Whether an origin is asked, before the first request to it, which channel it remembers, so that a client whose journal is lost or
  /// elsewhere goes on with it instead of depositing again.
  ///
  /// It costs one `HEAD` at an origin that does not answer with what is asked for, and two at one that does, each of at most ten
  /// seconds and of `requestTimeout`; once in the life of a client, and none where it has a channel that is in use. The second carries a
  /// signature of the account, or of its access key, that proves to this origin who asks; nothing can be paid by it. Needs
  /// `tempo/charge` among the ways that may be used, since the proof is one of its kind.
  ///
  /// What the origin answers authorises nothing. Its channel is used only when the voucher in the answer is this client's own, the
  /// journal does not know the channel, and the chain shows it open and covering that voucher.
  public var bootstrap = false
  /// Waits between two looks at the chain.
  public var sleeper: any Sleeper = TaskSleeper()

  /// Deposits what the server suggests or 100 prices, and pays at most 1 000 000 base units in fees for one
  /// transaction; always within the policy.
  public init() {}
}
