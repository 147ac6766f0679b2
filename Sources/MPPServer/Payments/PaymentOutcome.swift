/// The four answers of ``PaymentServer/authorize(_:for:siblings:)``. Every adapter is one `switch` over them
/// (`11` §4).
public enum PaymentOutcome: Sendable {
  /// Not paid, and a fresh challenge says how to pay: 402, also 400 and 410. Send it.
  case challenge(PaymentResponse)
  /// The payment protocol's own business (voucher, top-up, close): done, with a receipt. Send it; the
  /// application's handler must not run.
  case management(PaymentResponse)
  /// Refused without a challenge, because paying again cannot help: 413, 500, 503. Send it.
  case problem(PaymentResponse)
  /// Paid: run the handler, then call ``Payment/delivered()`` or ``Payment/failed()`` exactly once.
  case proceed(Payment)

  /// The response to send, or `nil` when the handler has to run.
  public var response: PaymentResponse? {
    switch self {
    case .challenge(let response), .management(let response), .problem(let response): response
    case .proceed: nil
    }
  }
}
