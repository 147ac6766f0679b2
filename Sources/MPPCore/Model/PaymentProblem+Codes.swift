extension PaymentProblem.Code {
  public static let paymentRequired = Self(rawValue: "payment-required")
  public static let malformedCredential = Self(rawValue: "malformed-credential")
  public static let invalidChallenge = Self(rawValue: "invalid-challenge")
  public static let verificationFailed = Self(rawValue: "verification-failed")
  public static let paymentActionRequired = Self(rawValue: "payment-action-required")
  public static let paymentExpired = Self(rawValue: "payment-expired")
  public static let invalidPayload = Self(rawValue: "invalid-payload")
  public static let paymentInsufficient = Self(rawValue: "payment-insufficient")
  public static let badRequest = Self(rawValue: "bad-request")
  public static let methodUnsupported = Self(rawValue: "method-unsupported")
  public static let insufficientBalance = Self(rawValue: "session/insufficient-balance")
  public static let invalidSignature = Self(rawValue: "session/invalid-signature")
  public static let signerMismatch = Self(rawValue: "session/signer-mismatch")
  public static let amountExceedsDeposit = Self(rawValue: "session/amount-exceeds-deposit")
  public static let deltaTooSmall = Self(rawValue: "session/delta-too-small")
  public static let channelNotFound = Self(rawValue: "session/channel-not-found")
  public static let channelClosed = Self(rawValue: "session/channel-finalized")
}

// One constructor per class of `01` §11. A reason must not end with a period: the sentence gets one.
extension PaymentProblem {
  private static let wallet =
    "for one of the supported payment methods returned in the WWW-Authenticate header. "
    + "See https://mpp.dev/tools/wallet.md"
  private static let payHint =
    "Use a supported wallet to pay for this resource using one of the supported payment methods "
    + "returned in the WWW-Authenticate header. See https://mpp.dev/tools/wallet.md"

  /// `lead: reason.`, or the sentence for no reason.
  private static func make(
    _ code: Code, _ title: String, _ lead: String, _ reason: String?, without: String? = nil,
    status: Int = 402,
    hint: String? = nil, details: [JSONValue.Member] = []
  ) -> PaymentProblem {
    PaymentProblem(
      code: code, status: status, title: title,
      detail: reason.map { "\(lead): \($0)." } ?? without ?? "\(lead).", hint: hint, details: details)
  }

  public static func paymentRequired(description: String? = nil) -> PaymentProblem {
    PaymentProblem(
      code: .paymentRequired, status: 402, title: "Payment Required",
      detail: description.map { "Payment is required (\($0))." } ?? "Payment is required.", hint: payHint)
  }

  public static func malformedCredential(reason: String? = nil) -> PaymentProblem {
    make(
      .malformedCredential, "Malformed Credential", "Credential is malformed", reason,
      hint: "Use a supported wallet to construct valid credentials " + wallet)
  }

  public static func invalidChallenge(id: String? = nil, reason: String? = nil) -> PaymentProblem {
    // The id is the peer's text: one that is no id of anybody's is not repeated.
    let name = id.flatMap { $0.utf8.count <= 256 ? "Challenge \"\($0)\"" : nil } ?? "Challenge"
    return make(.invalidChallenge, "Invalid Challenge", "\(name) is invalid", reason)
  }

  public static func verificationFailed(
    reason: String? = nil, details: [JSONValue.Member] = []
  ) -> PaymentProblem {
    make(
      .verificationFailed, "Verification Failed", "Payment verification failed", reason, details: details)
  }

  public static func paymentActionRequired(reason: String? = nil) -> PaymentProblem {
    make(.paymentActionRequired, "Payment Action Required", "Payment requires action", reason)
  }

  public static func paymentExpired(expires: String? = nil) -> PaymentProblem {
    PaymentProblem(
      code: .paymentExpired, status: 402, title: "Payment Expired",
      detail: expires.map { "Payment expired at \($0)." } ?? "Payment has expired.")
  }

  public static func invalidPayload(reason: String? = nil) -> PaymentProblem {
    make(.invalidPayload, "Invalid Payload", "Credential payload is invalid", reason)
  }

  public static func paymentInsufficient(reason: String? = nil) -> PaymentProblem {
    make(
      .paymentInsufficient, "Payment Insufficient", "Payment insufficient", reason,
      without: "Payment amount is insufficient.")
  }

  public static func badRequest(reason: String? = nil) -> PaymentProblem {
    make(.badRequest, "Bad Request", "Bad request", reason, status: 400)
  }

  public static func methodUnsupported(method: String? = nil) -> PaymentProblem {
    PaymentProblem(
      code: .methodUnsupported, status: 400, title: "Method Unsupported",
      detail: method.map { "Payment method \"\($0)\" is not supported." }
        ?? "Payment method is not supported.", hint: payHint)
  }

  public static func insufficientBalance(reason: String? = nil) -> PaymentProblem {
    make(.insufficientBalance, "Insufficient Balance", "Insufficient balance", reason)
  }

  public static func invalidSignature(reason: String? = nil) -> PaymentProblem {
    make(.invalidSignature, "Invalid Signature", "Invalid signature", reason)
  }

  public static func signerMismatch(reason: String? = nil) -> PaymentProblem {
    make(
      .signerMismatch, "Signer Mismatch", "Signer mismatch", reason,
      without: "Signer is not authorized for this channel.")
  }

  public static func amountExceedsDeposit(reason: String? = nil) -> PaymentProblem {
    make(
      .amountExceedsDeposit, "Amount Exceeds Deposit", "Amount exceeds deposit", reason,
      without: "Voucher amount exceeds channel deposit.")
  }

  public static func deltaTooSmall(reason: String? = nil) -> PaymentProblem {
    make(
      .deltaTooSmall, "Delta Too Small", "Delta too small", reason,
      without: "Amount increase below minimum voucher delta.")
  }

  public static func channelNotFound(reason: String? = nil) -> PaymentProblem {
    make(
      .channelNotFound, "Channel Not Found", "Channel not found", reason,
      without: "No channel with this ID exists.", status: 410)
  }

  public static func channelClosed(reason: String? = nil) -> PaymentProblem {
    make(
      .channelClosed, "Channel Closed", "Channel closed", reason, without: "Channel is closed.", status: 410)
  }
}
