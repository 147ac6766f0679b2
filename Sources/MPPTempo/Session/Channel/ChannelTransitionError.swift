public import MPPCore

/// Why a transition was refused. The record is unchanged.
public enum ChannelTransitionError: Error, Sendable, Equatable {
  /// There is no record.
  case notFound
  /// The chain has paid out: nothing changes any more.
  case finalized
  /// A close is under way.
  case closing
  /// The payer has asked the chain to close the channel.
  case closeRequested
  /// The chain has no deposit for the channel.
  case notFunded
  /// The headroom is short. `available` counts neither spent nor held amounts.
  case insufficientBalance(requested: Amount, available: Amount)
  /// The voucher is above the deposit.
  case exceedsDeposit(amount: Amount, deposit: Amount)
  /// The voucher is below the highest one and was never accepted.
  case belowAccepted(amount: Amount, accepted: Amount)
  /// The voucher is not above what the chain has paid out.
  case belowSettled(amount: Amount, settled: Amount)
  /// The voucher raises the authorization by less than the offer asks for.
  case deltaTooSmall(delta: Amount, minimum: Amount)
  /// The close voucher does not cover what was delivered.
  case belowCapture(amount: Amount, capture: Amount)
  /// The hold was released before, or never taken.
  case unknownHold
  /// A hold of this name is under way.
  case duplicateHold
  /// ``ChannelRecord/holdLimit`` holds are under way; ask again later.
  case tooManyHolds
  /// A price of zero.
  case zeroAmount
  /// An amount does not fit.
  case overflow
  /// The voucher or opening belongs to another channel, or the descriptor does not hash to the channel id.
  case foreignChannel
  /// Empty, or longer than ``SignedVoucher/maximumSignatureLength``.
  case malformedSignature
  /// Another attempt holds the close lease, or none does.
  case notCloser
  /// What the chain is said to have done cannot be: for example more paid out than was deposited.
  case contradiction
  /// A rule of ``ChannelInvariants`` does not hold before or after the transition.
  case invariant(ChannelInvariantViolation)
}
