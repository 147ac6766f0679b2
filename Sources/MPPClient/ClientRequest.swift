public import HTTPTypes

/// A request as an application makes it. To be paid for it must be replayable: it is repeated with a credential.
public struct ClientRequest: Sendable {
  /// Sent as it is; a paid request is sent at least twice, whatever its method.
  public var method: HTTPRequest.Method
  /// Absolute URL; in a session also an absolute path.
  public var url: String
  /// Sent with every attempt. A paid one carries the credential in its own field, mostly `Authorization`, in
  /// place of a value given here; `Content-Length` follows the body; `Accept-Payment` is added where it is
  /// missing (``ClientOptions/sendsAcceptPayment``).
  public var headers: HTTPFields
  /// nil: no body, or a ``stream``.
  public var body: [UInt8]?
  /// A body that is produced while it is sent; takes the place of `body`.
  public var stream: RequestStream?

  /// Checks nothing: a `url` that cannot be used is reported by ``PaymentClient/execute(_:depositLimit:)``.
  public init(
    _ method: HTTPRequest.Method, _ url: String, headers: HTTPFields = [:], body: [UInt8]? = nil,
    stream: RequestStream? = nil
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.stream = stream
  }

  /// `GET` without a body.
  public static func get(_ url: String, headers: HTTPFields = [:]) -> ClientRequest {
    ClientRequest(.get, url, headers: headers)
  }

  /// `POST` with a body that is at hand, and so replayable.
  public static func post(_ url: String, headers: HTTPFields = [:], body: [UInt8]) -> ClientRequest {
    ClientRequest(.post, url, headers: headers, body: body)
  }

  /// `POST` with a body that is produced while it is sent; it is paid for only when
  /// ``RequestStream/isReplayable``.
  public static func post(_ url: String, headers: HTTPFields = [:], stream: RequestStream) -> ClientRequest {
    ClientRequest(.post, url, headers: headers, stream: stream)
  }
}

/// What a request ended with.
public struct PaidResponse: Sendable {
  /// Of the final answer, whatever it is; a redirect is not followed.
  public let status: HTTPResponse.Status
  /// Of the final answer; `Payment-Receipt` here is the server's text, ``receipt`` the checked one.
  public let headers: HTTPFields
  /// Can be read once. Reading it is the caller's part: it may still be arriving.
  public let body: ResponseBody
  /// What was paid; nil when the response was free.
  public let payment: PaymentSummary?

  /// For tests and transports of your own.
  public init(
    status: HTTPResponse.Status, headers: HTTPFields, body: ResponseBody, payment: PaymentSummary? = nil
  ) {
    self.status = status
    self.headers = headers
    self.body = body
    self.payment = payment
  }

  /// The checked receipt of this request's payment.
  public var receipt: PaymentReceipt? { payment?.receipt }
}
