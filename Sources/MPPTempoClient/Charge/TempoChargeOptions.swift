public import EVM
public import MPPCore

/// How a client pays charges, within its spending policy. Amounts are base units.
public struct TempoChargeOptions: Sendable {
  /// Who broadcasts the payment.
  public enum Mode: String, Sendable, Hashable {
    /// Sign, and let the server broadcast.
    case pull
    /// Broadcast, and present the hash. Never sponsored.
    case push
  }

  /// Nil: pull where the server takes it.
  public var mode: Mode?
  /// Names this client to the seller, as ten bytes of its hash in the payment's memo.
  public var clientID: String?
  /// The token fees are paid in. Nil: the charge's own, or when the account has nothing left of it the one the account has chosen on
  /// the chain, or pathUSD.
  public var feeToken: Address?
  /// Pays from another token when the account has not enough of the charge's; nil: never.
  public var autoSwap: AutoSwap?
  /// The most one payment may cost in fees; counted in the policy's total.
  public var maximumFee = Amount(units: 1_000_000)
  /// How often the same credential is presented again to a server that says it does not know the outcome yet, or does not see a
  /// payment that was pushed.
  public var presentations = 5
  /// Realms that a proof is signed for whoever asks. Others that are names of hosts must be the host that asks, or a domain above it:
  /// who else hands out a challenge of theirs would get a proof that is good there (`06` §1.7).
  public var proofRealms: Set<String> = []
  /// True: realms that are not names of hosts get no proof either, unless ``proofRealms`` has them.
  public var requiresHostAsRealm = false
  /// Waits between two presentations.
  public var sleeper: any Sleeper = TaskSleeper()

  /// Pulls where it can, swaps nothing, pays at most 1 000 000 base units in fees for one payment, and
  /// presents a credential 5 times at most.
  public init() {}
}
