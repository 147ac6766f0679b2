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

  public struct Open: Sendable, Hashable {
    public var channelID: Hash32
    public var descriptor: ChannelDescriptor
    /// Signed Tempo transaction, or its fee-payer form.
    public var transaction: [UInt8]
    /// Base units, at most uint96.
    public var cumulativeAmount: Amount
    public var signature: [UInt8]
    public var authorizedSigner: Address?
    /// Machine-token rail only.
    public var authorizationSignature: [UInt8]?

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

  public struct TopUp: Sendable, Hashable {
    public var channelID: Hash32
    public var descriptor: ChannelDescriptor
    public var transaction: [UInt8]
    /// Base units, at most uint96.
    public var additionalDeposit: Amount

    public init(
      channelID: Hash32, descriptor: ChannelDescriptor, transaction: [UInt8], additionalDeposit: Amount
    ) {
      self.channelID = channelID
      self.descriptor = descriptor
      self.transaction = transaction
      self.additionalDeposit = additionalDeposit
    }
  }

  public struct VoucherPayload: Sendable, Hashable {
    public var channelID: Hash32
    public var descriptor: ChannelDescriptor
    /// Base units, at most uint96.
    public var cumulativeAmount: Amount
    public var signature: [UInt8]
    /// Machine-token rail only.
    public var authorizationSignature: [UInt8]?

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

  public struct Close: Sendable, Hashable {
    public var channelID: Hash32
    public var descriptor: ChannelDescriptor
    /// Base units, at most uint96.
    public var cumulativeAmount: Amount
    public var signature: [UInt8]
    /// Machine-token rail only.
    public var authorizationSignature: [UInt8]?
    public var refundSignature: [UInt8]?

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

  public var action: SessionAction {
    switch self {
    case .open: .open
    case .topUp: .topUp
    case .voucher: .voucher
    case .close: .close
    }
  }

  public var channelID: Hash32 {
    switch self {
    case .open(let payload): payload.channelID
    case .topUp(let payload): payload.channelID
    case .voucher(let payload): payload.channelID
    case .close(let payload): payload.channelID
    }
  }

  public var descriptor: ChannelDescriptor {
    switch self {
    case .open(let payload): payload.descriptor
    case .topUp(let payload): payload.descriptor
    case .voucher(let payload): payload.descriptor
    case .close(let payload): payload.descriptor
    }
  }
}
