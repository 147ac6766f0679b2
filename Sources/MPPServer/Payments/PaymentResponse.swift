public import HTTPTypes

/// A complete response of the payment engine: a challenge, a problem document or a management answer.
/// Adapters send it as it is; for `HEAD` they leave the body out.
public struct PaymentResponse: Sendable, Equatable {
  /// HTTP status code.
  public var status: Int
  /// To be sent as they are; a repeated name, such as `WWW-Authenticate`, stays several fields.
  public var headers: HTTPFields
  /// A problem document; empty for a management answer.
  public var body: [UInt8]

  /// Adds no field, `Content-Length` included.
  public init(status: Int, headers: HTTPFields = [:], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}
