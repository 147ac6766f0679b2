public import EVM
public import MPPCore
public import Tempo

/// The payload of a session credential (`04` §7.1): well-formed and in range, nothing verified.
///
/// Bytes that were written with an odd number of hexadecimal digits are empty here; the check that owns
/// them (signature, transaction) refuses empty bytes.
public enum SessionPayload: Sendable, Hashable {
  /// Broadcast the transaction, then accept the voucher as the channel's first.
  case open(Open)
  /// Broadcast the transaction, then raise the deposit.
  case topUp(TopUp)
  /// Raise or repeat the authorization.
  case voucher(VoucherPayload)
  /// Settle and close, capturing what was delivered.
  case close(Close)

  /// The members of an `open`.
  public struct Open: Sendable, Hashable {
    /// Must be the hash of the descriptor with the challenge's escrow and chain; the server checks it.
    public var channelID: Hash32
    /// Its nonce hash is the one of ``transaction``.
    public var descriptor: ChannelDescriptor
    /// Signed Tempo transaction, or its fee-payer form.
    public var transaction: [UInt8]
    /// Base units, at most uint96.
    public var cumulativeAmount: Amount
    /// Over the voucher for `cumulativeAmount` on this channel.
    public var signature: [UInt8]
    /// When given, it must equal the descriptor's.
    public var authorizedSigner: Address?
    /// Machine-token rail only.
    public var authorizationSignature: [UInt8]?

    /// - Parameters:
    ///   - cumulativeAmount: base units of the first voucher.
    ///   - authorizationSignature: machine-token rail only.
    public init(
      channelID: Hash32, descriptor: ChannelDescriptor, transaction: [UInt8], cumulativeAmount: Amount,
      signature: [UInt8], authorizedSigner: Address? = nil, authorizationSignature: [UInt8]? = nil
    ) {
      self.channelID = channelID
      self.descriptor = descriptor
      self.transaction = transaction
      self.cumulativeAmount = cumulativeAmount
      self.signature = signature
      self.authorizedSigner = authorizedSigner
      self.authorizationSignature = authorizationSignature
    }
  }

  /// The members of a `topUp`. It carries no voucher.
  public struct TopUp: Sendable, Hashable {
    /// The channel whose deposit is raised.
    public var channelID: Hash32
    /// Must hash to ``channelID``.
    public var descriptor: ChannelDescriptor
    /// Signed Tempo transaction, or its fee-payer form.
    public var transaction: [UInt8]
    /// Base units, at most uint96.
    public var additionalDeposit: Amount

    /// - Parameter additionalDeposit: base units added; the same as in the transaction.
    public init(
      channelID: Hash32, descriptor: ChannelDescriptor, transaction: [UInt8], additionalDeposit: Amount
    ) {
      self.channelID = channelID
      self.descriptor = descriptor
      self.transaction = transaction
      self.additionalDeposit = additionalDeposit
    }
  }

  /// The members of a `voucher`.
  public struct VoucherPayload: Sendable, Hashable {
    /// The channel the voucher spends.
    public var channelID: Hash32
    /// Must hash to ``channelID``.
    public var descriptor: ChannelDescriptor
    /// Base units, at most uint96.
    public var cumulativeAmount: Amount
    /// Over the voucher for ``cumulativeAmount`` on this channel.
    public var signature: [UInt8]
    /// Machine-token rail only.
    public var authorizationSignature: [UInt8]?

    /// - Parameter cumulativeAmount: base units in total since the channel was opened, not a step.
    public init(
      channelID: Hash32, descriptor: ChannelDescriptor, cumulativeAmount: Amount, signature: [UInt8],
      authorizationSignature: [UInt8]? = nil
    ) {
      self.channelID = channelID
      self.descriptor = descriptor
      self.cumulativeAmount = cumulativeAmount
      self.signature = signature
      self.authorizationSignature = authorizationSignature
    }
  }

  /// The members of a `close`.
  public struct Close: Sendable, Hashable {
    /// The channel to close.
    public var channelID: Hash32
    /// Must hash to ``channelID``.
    public var descriptor: ChannelDescriptor
    /// Base units, at most uint96.
    public var cumulativeAmount: Amount
    /// Over the voucher for ``cumulativeAmount`` on this channel.
    public var signature: [UInt8]
    /// Machine-token rail only.
    public var authorizationSignature: [UInt8]?
    /// Machine-token rail only.
    public var refundSignature: [UInt8]?

    /// - Parameters:
    ///   - cumulativeAmount: base units in total; the server captures what was delivered, never more than
    ///     this.
    ///   - authorizationSignature: machine-token rail only.
    ///   - refundSignature: machine-token rail only.
    public init(
      channelID: Hash32, descriptor: ChannelDescriptor, cumulativeAmount: Amount, signature: [UInt8],
      authorizationSignature: [UInt8]? = nil, refundSignature: [UInt8]? = nil
    ) {
      self.channelID = channelID
      self.descriptor = descriptor
      self.cumulativeAmount = cumulativeAmount
      self.signature = signature
      self.authorizationSignature = authorizationSignature
      self.refundSignature = refundSignature
    }
  }

  /// The value of the member `action`.
  public var action: SessionAction {
    switch self {
    case .open: .open
    case .topUp: .topUp
    case .voucher: .voucher
    case .close: .close
    }
  }

  /// The channel the payload speaks of, whatever its action.
  public var channelID: Hash32 {
    switch self {
    case .open(let payload): payload.channelID
    case .topUp(let payload): payload.channelID
    case .voucher(let payload): payload.channelID
    case .close(let payload): payload.channelID
    }
  }

  /// The descriptor the payload carries, whatever its action; not yet compared with the channel id.
  public var descriptor: ChannelDescriptor {
    switch self {
    case .open(let payload): payload.descriptor
    case .topUp(let payload): payload.descriptor
    case .voucher(let payload): payload.descriptor
    case .close(let payload): payload.descriptor
    }
  }
}
