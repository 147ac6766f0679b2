public import EVM

/// Item 11 of a Tempo transaction: who pays the fee, and how far that has been agreed (`02` §5.3).
///
/// Successors: `awaitingFeePayer` and `handOff` become `signed` when the sponsor co-signs; `unsponsored` and
/// `signed` are final.
public enum FeePayerSlot: Sendable, Hashable {
  /// The sender pays, and commits to its fee token.
  case unsponsored
  /// Marker byte `0x00`: signed by the sender for a sponsor. The sender commits to no fee token.
  case awaitingFeePayer
  /// The `0x78` form handed to a sponsor, naming the sender.
  case handOff(sender: Address)
  /// Co-signed by the sponsor.
  case signed(RecoverableSignature)

  /// Whether somebody other than the sender pays the fee, signed already or not.
  public var isSponsored: Bool { self != .unsponsored }
}
