public import EVM
public import MPPCore
public import Tempo

/// A hint about a stored channel (`04` §6.3), in a challenge or in the `Payment-Session-Snapshot` header.
///
/// It authorizes nothing: a client compares it with its own state and with the chain, and never signs an
/// amount because a snapshot says so (A1, A6). A server adds `highestVoucher` only for a verified
/// identity (W4).
public struct SessionSnapshot: Sendable, Equatable {
  /// Amounts in base units.
  public var acceptedCumulative: Amount
  /// The chain the channel lives on.
  public var chainID: UInt64
  /// Not recomputed from the descriptor: whoever uses the hint must do that.
  public var channelID: Hash32
  /// Base-10 text; never emitted by mppx, whose closing channels have no snapshot.
  public var closeRequestedAt: String?
  /// Paid in by the payer in total, as the server last saw it.
  public var deposit: Amount
  /// What the channel id is the hash of.
  public var descriptor: ChannelDescriptor
  /// The contract that holds the deposit.
  public var escrow: Address
  /// The voucher behind ``acceptedCumulative``; nil when the server may not or cannot show it.
  public var highestVoucher: HighestVoucher?
  /// The authorization the next request needs: what is used plus the price of a content request (`04` §6.3).
  public var requiredCumulative: Amount
  /// Paid out to the payee in total, as the server last saw it.
  public var settled: Amount
  /// What is used up in total: charged, and with this server also the prices held for content under way.
  public var spent: Amount
  /// Number of charges; nil when the peer does not say.
  public var units: Int64?

  /// The signed highest voucher: whoever has it can spend the headroom of the channel.
  public struct HighestVoucher: Sendable, Hashable {
    /// The channel the voucher is for; compare it with the snapshot's own.
    public var channelID: Hash32
    /// Base units in total since the channel was opened.
    public var cumulativeAmount: Amount
    /// As the client once sent it; to be verified before anything is built on it.
    public var signature: [UInt8]

    /// Nothing is verified.
    public init(channelID: Hash32, cumulativeAmount: Amount, signature: [UInt8]) {
      self.channelID = channelID
      self.cumulativeAmount = cumulativeAmount
      self.signature = signature
    }
  }

  /// The texts a parsed snapshot came with, so that it can be written again byte for byte.
  var spelling: Spelling?

  struct Spelling: Sendable {
    var channelID: String
    var descriptor: [String: String]
    var escrow: String
    var voucherChannelID: String?
    var voucherSignature: String?
  }

  /// All amounts are base units in total since the channel was opened.
  public init(
    acceptedCumulative: Amount, chainID: UInt64, channelID: Hash32, closeRequestedAt: String? = nil,
    deposit: Amount, descriptor: ChannelDescriptor, escrow: Address, highestVoucher: HighestVoucher?,
    requiredCumulative: Amount, settled: Amount, spent: Amount, units: Int64? = nil
  ) {
    self.acceptedCumulative = acceptedCumulative
    self.chainID = chainID
    self.channelID = channelID
    self.closeRequestedAt = closeRequestedAt
    self.deposit = deposit
    self.descriptor = descriptor
    self.escrow = escrow
    self.highestVoucher = highestVoucher
    self.requiredCumulative = requiredCumulative
    self.settled = settled
    self.spent = spent
    self.units = units
  }

  public static func == (a: SessionSnapshot, b: SessionSnapshot) -> Bool {
    a.acceptedCumulative == b.acceptedCumulative && a.chainID == b.chainID && a.channelID == b.channelID
      && a.closeRequestedAt == b.closeRequestedAt && a.deposit == b.deposit
      && a.descriptor == b.descriptor && a.escrow == b.escrow && a.highestVoucher == b.highestVoucher
      && a.requiredCumulative == b.requiredCumulative && a.settled == b.settled && a.spent == b.spent
      && a.units == b.units
  }
}

/// A header or object that is not a session snapshot; `field` is the first wrong member, if one is to blame.
public struct SessionSnapshotError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Wire name of the first wrong member; nil when the whole cannot be decoded.
  public let field: String?
  /// - Parameter field: see ``field``.
  public init(_ field: String?) { self.field = field }
  public var description: String {
    field.map { "Invalid session snapshot: \($0)." } ?? "Invalid session snapshot."
  }
}
