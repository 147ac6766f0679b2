extension PaymentProblem.Code {
  /// 402: no credential came, or none for this resource.
  public static let paymentRequired = Self(rawValue: "payment-required")
  /// 402: the `Authorization` value holds no credential. Nothing was looked up or taken.
  public static let malformedCredential = Self(rawValue: "malformed-credential")
  /// 402: the challenge was not issued here, is for another route or body, or its `expires` is missing or
  /// unreadable.
  public static let invalidChallenge = Self(rawValue: "invalid-challenge")
  /// 402: the payment is not valid, or could not be verified.
  public static let verificationFailed = Self(rawValue: "verification-failed")
  /// 402: the payer has to do something else first.
  public static let paymentActionRequired = Self(rawValue: "payment-action-required")
  /// 402: the challenge has expired. Pay a fresh one.
  public static let paymentExpired = Self(rawValue: "payment-expired")
  /// 402: the method cannot read the payload of the credential.
  public static let invalidPayload = Self(rawValue: "invalid-payload")
  /// 402: less was paid than asked for.
  public static let paymentInsufficient = Self(rawValue: "payment-insufficient")
  /// 400: the request contradicts the protocol, for example with two credentials.
  public static let badRequest = Self(rawValue: "bad-request")
  /// 400: no such payment method here.
  public static let methodUnsupported = Self(rawValue: "method-unsupported")
  /// 402: the channel's vouchers do not cover the price.
  public static let insufficientBalance = Self(rawValue: "session/insufficient-balance")
  /// 402: the voucher's signature does not hold.
  public static let invalidSignature = Self(rawValue: "session/invalid-signature")
  /// 402: the voucher is not signed by the channel's signer.
  public static let signerMismatch = Self(rawValue: "session/signer-mismatch")
  /// 402: the voucher is for more than the channel's deposit.
  public static let amountExceedsDeposit = Self(rawValue: "session/amount-exceeds-deposit")
  /// 402: the voucher raises the amount by less than the server takes.
  public static let deltaTooSmall = Self(rawValue: "session/delta-too-small")
  /// 410: no such channel.
  public static let channelNotFound = Self(rawValue: "session/channel-not-found")
  /// 410: the channel is closed, or closing.
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

  /// 402. `description`: of what is sold; shown to the payer in parentheses.
  public static func paymentRequired(description: String? = nil) -> PaymentProblem {
    PaymentProblem(
      code: .paymentRequired, status: 402, title: "Payment Required",
      detail: description.map { "Payment is required (\($0))." } ?? "Payment is required.", hint: payHint)
  }

  /// 402. `reason`: without a period at its end, here and below; nil: the general sentence.
  public static func malformedCredential(reason: String? = nil) -> PaymentProblem {
    make(
      .malformedCredential, "Malformed Credential", "Credential is malformed", reason,
      hint: "Use a supported wallet to construct valid credentials " + wallet)
  }

  /// 402. `id`: of the refused challenge; one of more than 256 bytes is not repeated.
  public static func invalidChallenge(id: String? = nil, reason: String? = nil) -> PaymentProblem {
    // The id is the peer's text: one that is no id of anybody's is not repeated.
    let name = id.flatMap { $0.utf8.count <= 256 ? "Challenge \"\($0)\"" : nil } ?? "Challenge"
    return make(.invalidChallenge, "Invalid Challenge", "\(name) is invalid", reason)
  }

  /// 402. `details`: further members for the peer; they must contain nothing internal.
  public static func verificationFailed(
    reason: String? = nil, details: [JSONValue.Member] = []
  ) -> PaymentProblem {
    make(
      .verificationFailed, "Verification Failed", "Payment verification failed", reason, details: details)
  }

  /// 402, with code ``Code/paymentActionRequired``.
  public static func paymentActionRequired(reason: String? = nil) -> PaymentProblem {
    make(.paymentActionRequired, "Payment Action Required", "Payment requires action", reason)
  }

  /// 402. `expires`: the challenge's own text.
  public static func paymentExpired(expires: String? = nil) -> PaymentProblem {
    PaymentProblem(
      code: .paymentExpired, status: 402, title: "Payment Expired",
      detail: expires.map { "Payment expired at \($0)." } ?? "Payment has expired.")
  }

  /// 402, with code ``Code/invalidPayload``.
  public static func invalidPayload(reason: String? = nil) -> PaymentProblem {
    make(.invalidPayload, "Invalid Payload", "Credential payload is invalid", reason)
  }

  /// 402, with code ``Code/paymentInsufficient``.
  public static func paymentInsufficient(reason: String? = nil) -> PaymentProblem {
    make(
      .paymentInsufficient, "Payment Insufficient", "Payment insufficient", reason,
      without: "Payment amount is insufficient.")
  }

  /// 400, with code ``Code/badRequest``.
  public static func badRequest(reason: String? = nil) -> PaymentProblem {
    make(.badRequest, "Bad Request", "Bad request", reason, status: 400)
  }

  /// 400. `method`: the name that was asked for.
  public static func methodUnsupported(method: String? = nil) -> PaymentProblem {
    PaymentProblem(
      code: .methodUnsupported, status: 400, title: "Method Unsupported",
      detail: method.map { "Payment method \"\($0)\" is not supported." }
        ?? "Payment method is not supported.", hint: payHint)
  }

  /// 402, with code ``Code/insufficientBalance``.
  public static func insufficientBalance(reason: String? = nil) -> PaymentProblem {
    make(.insufficientBalance, "Insufficient Balance", "Insufficient balance", reason)
  }

  /// 402, with code ``Code/invalidSignature``.
  public static func invalidSignature(reason: String? = nil) -> PaymentProblem {
    make(.invalidSignature, "Invalid Signature", "Invalid signature", reason)
  }

  /// 402, with code ``Code/signerMismatch``.
  public static func signerMismatch(reason: String? = nil) -> PaymentProblem {
    make(
      .signerMismatch, "Signer Mismatch", "Signer mismatch", reason,
      without: "Signer is not authorized for this channel.")
  }

  /// 402, with code ``Code/amountExceedsDeposit``.
  public static func amountExceedsDeposit(reason: String? = nil) -> PaymentProblem {
    make(
      .amountExceedsDeposit, "Amount Exceeds Deposit", "Amount exceeds deposit", reason,
      without: "Voucher amount exceeds channel deposit.")
  }

  /// 402, with code ``Code/deltaTooSmall``.
  public static func deltaTooSmall(reason: String? = nil) -> PaymentProblem {
    make(
      .deltaTooSmall, "Delta Too Small", "Delta too small", reason,
      without: "Amount increase below minimum voucher delta.")
  }

  /// 410, with code ``Code/channelNotFound``.
  public static func channelNotFound(reason: String? = nil) -> PaymentProblem {
    make(
      .channelNotFound, "Channel Not Found", "Channel not found", reason,
      without: "No channel with this ID exists.", status: 410)
  }

  /// 410, with code ``Code/channelClosed``, `session/channel-finalized` on the wire.
  public static func channelClosed(reason: String? = nil) -> PaymentProblem {
    make(
      .channelClosed, "Channel Closed", "Channel closed", reason, without: "Channel is closed.", status: 410)
  }
}
