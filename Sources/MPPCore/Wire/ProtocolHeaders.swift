public import HTTPTypes

/// Every header field name of the protocol: the one list (C13, C17).
public enum ProtocolHeaders {
  public static let wwwAuthenticate = HTTPField.Name.wwwAuthenticate
  public static let authorization = HTTPField.Name.authorization
  public static let paymentAuthorization = name("Payment-Authorization")
  public static let paymentReceipt = name("Payment-Receipt")
  public static let acceptPayment = name("Accept-Payment")
  public static let paymentSession = name("Payment-Session")
  public static let paymentSessionSnapshot = name("Payment-Session-Snapshot")
  public static let x402PaymentRequired = name("PAYMENT-REQUIRED")
  public static let x402PaymentSignature = name("PAYMENT-SIGNATURE")
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
    authorization, paymentAuthorization, paymentReceipt, x402PaymentSignature,
  ]

  private static func name(_ text: StaticString) -> HTTPField.Name {
    guard let name = HTTPField.Name("\(text)") else { preconditionFailure("\(text) is not a field name") }
    return name
  }
}
