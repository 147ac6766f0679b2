public import EVM
public import MPPCore
public import Tempo

/// The server's books about one payment channel (`04` §24).
///
/// A value: it changes only by ``applying(_:)``. Amounts are base units of the channel's token.
///
/// What every request asks of a record is inlinable: a call from another module would copy the record first.
public struct ChannelRecord: Sendable, Equatable {
  /// Vouchers kept.
  public static let historyLimit = 8
  /// Holds at one time.
  public static let holdLimit = 512

  // Identity.
  @usableFromInline let identity: ChannelIdentity
  /// Name of the record: keccak-256 of the descriptor with escrow and chain (`02` §11.4).
  @inlinable public var channelID: Hash32 { identity.channelID }
  /// The chain the channel lives on.
  @inlinable public var chainID: UInt64 { identity.chainID }
  /// The contract that holds the deposit.
  @inlinable public var escrow: Address { identity.escrow }
  /// What every call about the channel must carry; never changes.
  @inlinable public var descriptor: ChannelDescriptor { identity.descriptor }
  /// When the record was made, on the server's clock.
  @inlinable public var createdAt: Timestamp { identity.createdAt }

  // What the chain said.
  /// Paid in by the payer in total; zero when finalized.
  public internal(set) var deposit: Amount
  /// Paid out by the chain in total.
  public internal(set) var settled: Amount
  /// Seconds; 0 when the payer has not asked to close.
  public internal(set) var closeRequestedAt: UInt32
  /// Newest block anything here was read at.
  public internal(set) var observedBlock: UInt64
  /// The chain has paid out, the record never changes money again.
  public internal(set) var finalized: Bool
  /// Delivered and never captured; only for finalized channels.
  public internal(set) var loss: Amount

  // What was promised and delivered.
  /// Vouchers accepted, rising; the last one is the highest. The largest one not above ``spent`` is never dropped.
  public internal(set) var history: [SignedVoucher]
  /// Charged for delivered content.
  public internal(set) var spent: Amount
  /// Number of charges.
  public internal(set) var units: UInt64
  /// Prices set aside for content under way, ordered by id.
  public internal(set) var holds: [Hold]
  /// Sum of ``holds``.
  public internal(set) var held: Amount

  // What is done about it on the chain.
  /// The close that is under way; nil when none is. Gone when the close is confirmed or known not to happen.
  public internal(set) var closing: CloseLease?
  /// What the last settlement in a block was sent for; nil before the first one.
  public internal(set) var lastSettlement: SettlementMark?

  /// The highest authorization: what the server may spend, in total.
  @inlinable
  public var accepted: Amount { history.last?.cumulativeAmount ?? .zero }

  /// The voucher behind ``accepted``; a record has one from its opening on.
  public var highestVoucher: SignedVoucher? { history.last }

  /// Spent and held: both are below 2^96.
  @inlinable
  public var used: Amount { Amount(units: spent.units + held.units) }

  /// What can be charged now: accepted − spent − held.
  @inlinable
  public var available: Amount {
    accepted.units > used.units ? Amount(units: accepted.units - used.units) : .zero
  }

  // Asked by one word of the lease: it would be copied otherwise.
  @inlinable
  package var isClosing: Bool { closing?.owner != nil }

  /// Where the channel is in its life; a close that was begun here hides a close the payer asked for.
  @inlinable
  public var phase: ChannelPhase {
    if finalized { return .finalized }
    if closing?.owner != nil { return .closing }
    return closeRequestedAt != 0 ? .forced : .open
  }

  /// What a close captures: the delivered value, or what is settled already if that is more. `nil` while no close was begun or
  /// deliveries are under way.
  public var captureAmount: Amount? {
    isClosing && holds.isEmpty ? max(spent, settled) : nil
  }

  /// The voucher to settle with: the largest one that is covered by delivered value (W37). `nil`: nothing to settle.
  public var settleableVoucher: SignedVoucher? {
    guard isSettleable else { return nil }
    return largestVoucher(notAbove: spent)
  }

  /// Whether there is a ``settleableVoucher``.
  package var isSettleable: Bool {
    guard !finalized, let amount = largestVoucherAmount(notAbove: spent) else { return false }
    return amount > settled
  }

  /// Whether this very voucher (amount and signature) was accepted before (`04` §18.3): a repetition needs no second
  /// verification.
  @inlinable
  public func recognizes(_ voucher: SignedVoucher) -> Bool {
    // The amount tells them apart, and is looked at where it is: a voucher taken out of the list is a copy.
    let vouchers = history.span
    for index in vouchers.indices where vouchers[index].cumulativeAmount == voucher.cumulativeAmount {
      if vouchers[index] == voucher { return true }
    }
    return false
  }

  /// What ``largestVoucher(notAbove:)`` authorizes.
  func largestVoucherAmount(notAbove amount: Amount) -> Amount? {
    let vouchers = history.span
    for index in vouchers.indices.reversed() where vouchers[index].cumulativeAmount <= amount {
      return vouchers[index].cumulativeAmount
    }
    return nil
  }

  func largestVoucher(notAbove amount: Amount) -> SignedVoucher? {
    history.last { $0.cumulativeAmount <= amount }
  }
}
