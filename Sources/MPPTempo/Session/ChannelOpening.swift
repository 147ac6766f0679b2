public import EVM
public import MPPCore
public import Tempo

/// A channel that was found open on the chain, with the voucher that came along (`04` §18.1, B7).
public struct ChannelOpening: Sendable, Equatable {
  public let channelID: Hash32
  public let chainID: UInt64
  public let escrow: Address
  public let descriptor: ChannelDescriptor
  public let observation: ChannelObservation
  public let voucher: SignedVoucher
  public let now: Timestamp

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
