public import HTTPTypes

/// Every header field name of the protocol: the one list (C13, C17).
public enum ProtocolHeaders {
  /// Response: one challenge for each offer.
  public static let wwwAuthenticate = HTTPField.Name.wwwAuthenticate
  /// Request: the credential, worth money.
  public static let authorization = HTTPField.Name.authorization
  /// Request: the credential, for servers whose `Authorization` is taken.
  public static let paymentAuthorization = name("Payment-Authorization")
  /// Response: the receipt, base64url.
  public static let paymentReceipt = name("Payment-Receipt")
  /// Request: what the client can pay with.
  public static let acceptPayment = name("Accept-Payment")
  /// A channel id, as a hint: of a request, the channel the client would use again; of a response, the one
  /// the server proposes. It proves nothing.
  public static let paymentSession = name("Payment-Session")
  /// Response: what the server remembers of a channel, its highest voucher included, in padded standard base64 (`04` §6.3).
  public static let paymentSessionSnapshot = name("Payment-Session-Snapshot")
  /// Response of the x402 protocol: its demand.
  public static let x402PaymentRequired = name("PAYMENT-REQUIRED")
  /// Request of the x402 protocol: its credential, worth money.
  public static let x402PaymentSignature = name("PAYMENT-SIGNATURE")
  /// Response of the x402 protocol: its receipt.
  public static let x402PaymentResponse = name("PAYMENT-RESPONSE")

  /// Media type of problem bodies.
  public static let problemContentType = "application/problem+json"

  /// What a proxy or a redirect must not pass on.
  public static let all: [HTTPField.Name] = [
    wwwAuthenticate, authorization, paymentAuthorization, paymentReceipt, acceptPayment, paymentSession,
    paymentSessionSnapshot, x402PaymentRequired, x402PaymentSignature, x402PaymentResponse,
  ]

  /// Fields that carry a secret or money; they must not enter compression tables or logs.
  public static let sensitive: [HTTPField.Name] = [
    authorization, paymentAuthorization, paymentReceipt, paymentSessionSnapshot, x402PaymentSignature,
  ]

  private static func name(_ text: StaticString) -> HTTPField.Name {
    guard let name = HTTPField.Name("\(text)") else { preconditionFailure("\(text) is not a field name") }
    return name
  }
}
