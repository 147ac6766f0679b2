/// Where a channel is in its life, as the server sees it (`04` §30.1).
public enum ChannelPhase: Sendable, Hashable, CaseIterable {
  /// Takes vouchers and charges. → closing, forced, finalized
  case open
  /// The payer has asked the chain to close: no vouchers, no charges; settle and close still work. → open, closing, finalized
  case forced
  /// Somebody here holds the close lease: no vouchers, no new holds. → open, forced, finalized
  case closing
  /// The chain has paid out. The end.
  case finalized
}
