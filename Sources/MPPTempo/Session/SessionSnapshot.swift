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
  public var chainID: UInt64
  public var channelID: Hash32
  /// Base-10 text; never emitted by mppx, whose closing channels have no snapshot.
  public var closeRequestedAt: String?
  public var deposit: Amount
  public var descriptor: ChannelDescriptor
  public var escrow: Address
  public var highestVoucher: HighestVoucher?
  public var requiredCumulative: Amount
  public var settled: Amount
  public var spent: Amount
  public var units: Int64?

  /// The signed highest voucher: whoever has it can spend the headroom of the channel.
  public struct HighestVoucher: Sendable, Hashable {
    public var channelID: Hash32
    public var cumulativeAmount: Amount
    public var signature: [UInt8]

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
  public let field: String?
  public init(_ field: String?) { self.field = field }
  public var description: String {
    field.map { "Invalid session snapshot: \($0)." } ?? "Invalid session snapshot."
  }
}
