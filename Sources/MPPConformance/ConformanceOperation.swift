package import MPPCore

/// What a harness may ask for.
package enum ConformanceOperation: String, CaseIterable {
  case challengeParse = "challenge.parse"
  case challengeFormat = "challenge.format"
  case challengeID = "challenge.id"
  case credentialParse = "credential.parse"
  case credentialFormat = "credential.format"
  case receiptParse = "receipt.parse"
  case receiptFormat = "receipt.format"
  case base64URLEncode = "base64url.encode"
  case base64URLDecode = "base64url.decode"
  case proofDigest = "tempo.proof.digest"
  case voucherDigest = "tempo.voucher.digest"
  case channelID = "tempo.channel.id"
  case transactionVerify = "tempo.transaction.verify"
  case feePayerCosign = "tempo.fee_payer.cosign"
  case paymentRequest = "http.payment_request"

  /// The kind of error for whatever goes wrong inside.
  package var failure: ConformanceFailure.Kind {
    switch self {
    case .challengeParse, .credentialParse, .receiptParse: .parse
    case .challengeFormat, .credentialFormat, .receiptFormat: .format
    case .base64URLEncode, .base64URLDecode: .encoding
    case .challengeID, .proofDigest, .voucherDigest, .channelID: .generation
    case .transactionVerify, .feePayerCosign: .verification
    case .paymentRequest: .http
    }
  }

  /// Nil for the operation that is not a function of its input, `http.payment_request`.
  package func value(of input: ConformanceInput) throws -> JSONValue? {
    switch self {
    case .challengeParse: try ProtocolOperations.parseChallenge(input)
    case .challengeFormat: try ProtocolOperations.formatChallenge(input)
    case .challengeID: try ProtocolOperations.challengeID(input)
    case .credentialParse: try ProtocolOperations.parseCredential(input)
    case .credentialFormat: try ProtocolOperations.formatCredential(input)
    case .receiptParse: try ProtocolOperations.parseReceipt(input)
    case .receiptFormat: try ProtocolOperations.formatReceipt(input)
    case .base64URLEncode: .string(Base64URL.encode(try input.only("text").utf8))
    case .base64URLDecode: try ProtocolOperations.decode(input)
    case .proofDigest: try TempoOperations.proofDigest(input)
    case .voucherDigest: try TempoOperations.voucherDigest(input)
    case .channelID: try TempoOperations.channelID(input)
    case .transactionVerify: try TempoOperations.verifyTransaction(input)
    case .feePayerCosign: try TempoOperations.cosign(input)
    case .paymentRequest: nil
    }
  }
}
