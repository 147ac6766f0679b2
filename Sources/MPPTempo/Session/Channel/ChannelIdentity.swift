public import EVM
public import MPPCore
public import Tempo

/// What of a channel never changes, in one place: its record is copied at every change, and compared with the one before.
@usableFromInline
final class ChannelIdentity: Sendable, Equatable {
  @usableFromInline let channelID: Hash32
  @usableFromInline let chainID: UInt64
  @usableFromInline let escrow: Address
  @usableFromInline let descriptor: ChannelDescriptor
  @usableFromInline let createdAt: Timestamp

  init(
    channelID: Hash32, chainID: UInt64, escrow: Address, descriptor: ChannelDescriptor, createdAt: Timestamp
  ) {
    self.channelID = channelID
    self.chainID = chainID
    self.escrow = escrow
    self.descriptor = descriptor
    self.createdAt = createdAt
  }

  @usableFromInline
  static func == (left: ChannelIdentity, right: ChannelIdentity) -> Bool {
    left === right
      || left.channelID == right.channelID && left.chainID == right.chainID && left.escrow == right.escrow
        && left.descriptor == right.descriptor && left.createdAt == right.createdAt
  }
}
