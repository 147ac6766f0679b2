public import MPPCore

extension PaymentProblem.Code {
  /// The ledger or the chain did not answer; the request may be repeated.
  public static let unavailable = Self(rawValue: "unavailable")
  /// A fault of the server or its configuration; paying again cannot help.
  public static let internalError = Self(rawValue: "internal-error")
  /// A payment for content came with a request that cannot be content here. Nothing was taken.
  public static let methodNotAllowed = Self(rawValue: "method-not-allowed")
  /// The body is larger than the server collects; nothing of the credential was looked at.
  public static let contentTooLarge = Self(rawValue: "content-too-large")
}

extension PaymentProblem {
  /// 503: what the answer depends on could not be reached. Nothing was charged that the ledger does not
  /// know; repeating the same request is safe. `retryAfter` in seconds.
  public static func unavailable(reason: String? = nil, retryAfter: Int? = nil) -> PaymentProblem {
    PaymentProblem(
      code: .unavailable, status: 503, title: "Unavailable",
      detail: reason.map { "Payment processing is unavailable: \($0)." }
        ?? "Payment processing is unavailable.", retryAfter: retryAfter)
  }

  /// 500: a fault of the server or its configuration; nothing of it is shown.
  public static func internalError() -> PaymentProblem {
    PaymentProblem(
      code: .internalError, status: 500, title: "Internal Error",
      detail: "Payment processing failed.")
  }

  /// 405: the payment is for content, and this request cannot be content here. Nothing was taken of it.
  public static func methodNotAllowed() -> PaymentProblem {
    PaymentProblem(
      code: .methodNotAllowed, status: 405, title: "Method Not Allowed",
      detail: "What is paid for here is not served with this method.")
  }

  /// 413: the body is larger than this server collects. `limit` in bytes.
  public static func contentTooLarge(limit: Int) -> PaymentProblem {
    PaymentProblem(
      code: .contentTooLarge, status: 413, title: "Content Too Large",
      detail: "The request body is larger than \(limit) bytes.")
  }
}
