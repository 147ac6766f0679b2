public import EVM
public import MPPCore
public import Tempo

/// A channel that was found open on the chain, with the voucher that came along (`04` §18.1, B7).
public struct ChannelOpening: Sendable, Equatable {
  /// Must follow from the descriptor, the escrow and the chain; else the transition throws `foreignChannel`.
  public let channelID: Hash32
  /// The chain the channel lives on.
  public let chainID: UInt64
  /// The contract that holds the deposit, `TempoAddress.channelReserve` normally.
  public let escrow: Address
  /// What the channel id is the hash of: payer, payee, operator, token, salt, signer, nonce hash.
  public let descriptor: ChannelDescriptor
  /// The chain's state at the block the open was confirmed in, or later. A zero deposit is refused.
  public let observation: ChannelObservation
  /// The first voucher, its signature verified: not above the deposit, not below what is settled.
  public let voucher: SignedVoucher
  /// The server's clock; becomes the creation time of a new record.
  public let now: Timestamp

  /// Nothing is checked here; ``ChannelRecord/applying(_:to:)`` does.
  public init(
    channelID: Hash32, chainID: UInt64, escrow: Address, descriptor: ChannelDescriptor,
    observation: ChannelObservation, voucher: SignedVoucher, now: Timestamp
  ) {
    self.channelID = channelID
    self.chainID = chainID
    self.escrow = escrow
    self.descriptor = descriptor
    self.observation = observation
    self.voucher = voucher
    self.now = now
  }
}
