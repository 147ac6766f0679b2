package import EVM

/// Why what a hosted fee payer answered is not used (`02` §6.5). Nothing was sent.
package enum FeePayerHostError: Error, Sendable, Hashable {
  /// No answer, or one that says to come again.
  case unavailable(String)
  /// An HTTP status other than 200. A redirect is one: it is not followed.
  case status(Int)
  case tooLarge
  /// The answer is no JSON-RPC.
  case invalidAnswer
  /// It does not sponsor this transaction, in its own words.
  case refused(code: Int64, message: String)
  /// A member of the transaction is missing, cannot be read, or is not what was handed over.
  case field(String)
  /// It pays in a token that is not allowed.
  case feeToken(Address)
  /// Not a signature, or of a form the chain does not take.
  case signature
  /// The signature is by somebody else than the sponsor that was expected, or is over something else.
  case signer(Address)
  /// The sender would sponsor itself.
  case selfSponsored
  /// Whoever has signed cannot pay the fee.
  case unfunded(Address)

  /// Whether the same question may be answered later.
  package var isRetryable: Bool {
    switch self {
    case .unavailable, .invalidAnswer: true
    case .status, .tooLarge, .refused, .field, .feeToken, .signature, .signer, .selfSponsored, .unfunded:
      false
    }
  }
}

extension FeePayerHostError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unavailable(let text): "the fee payer's host cannot be reached: \(text)"
    case .status(let code): "the fee payer's host answered with HTTP status \(code)"
    case .tooLarge: "the answer of the fee payer's host is too large"
    case .invalidAnswer: "the answer of the fee payer's host is no JSON-RPC"
    case .refused(let code, let message): "the fee payer's host refused: \(code) \(message)"
    case .field(let name): "the fee payer's host answered no \(name), or another one"
    case .feeToken(let token): "the fee payer's host pays in \(token), which is not allowed"
    case .signature: "the fee payer's host answered no valid signature"
    case .signer(let address): "the fee payer's host answered a signature by \(address)"
    case .selfSponsored: "the fee payer's host answered a signature by the sender"
    case .unfunded(let address): "\(address), for whom the fee payer's host signed, cannot pay the fee"
    }
  }
}
