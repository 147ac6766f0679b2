/// What a request is for. Decided once per request by ``ServerMethod/purpose(of:credential:)`` and used by
/// the price, the verifier, the gate before the handler and the hints of a challenge (`04` §17, C23).
public enum RequestPurpose: Sendable, Hashable {
  /// The handler answers, and the price is due.
  case content
  /// The payment protocol answers; nothing is charged and the handler does not run.
  case management
}
