public import EVM
public import MPPServer

/// Whether a payer that has lost its channel, or has never known it, may find it again: it proves its account with `HEAD`, and is told
/// the state of its channel (`04` §16).
///
/// The answer carries the payer's own highest voucher, so it goes to nobody but the account that the proof is of, and only for a
/// channel of that account which pays this offer (W4, C22). It authorises nothing and changes nothing.
public enum SessionBootstrap: Sendable {
  /// `HEAD` is answered as any other request without content.
  case off
  /// The channel that the payer opened last at this server for the same payee, token, escrow and chain, while this option was on.
  case newestChannel
  /// The channel that the application names for a verified payer; `nil`: none. It is looked at as closely as any other.
  case channel(@Sendable (_ payer: Address, _ request: PaymentRequest) async -> Hash32?)

  var isOn: Bool { if case .off = self { false } else { true } }
  var isNewestChannel: Bool { if case .newestChannel = self { true } else { false } }
}
