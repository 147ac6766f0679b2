/// Whether a session request is content (charged, the handler answers) or management (never charged, the
/// protocol answers). One pure function, used for the snapshot amount, the charge, the gate before the
/// handler and the receipt (`04` §17, C23).
public enum RequestKind: Sendable, Hashable {
  /// Charged; the handler answers.
  case content
  /// Never charged; the protocol answers.
  case management

  /// What decides: the request line and its framing. `Content-Type` is not evidence of a body.
  public struct Framing: Sendable, Hashable {
    /// HTTP method, upper case.
    public var method: String
    /// A non-empty query string is present.
    public var hasQuery: Bool
    /// Raw `Content-Length`, if present.
    public var contentLength: String?
    /// `Transfer-Encoding` is present, whatever its value: counts as a body.
    public var hasTransferEncoding: Bool
    /// The adapter saw a body stream. Some adapters show an empty stream for bodyless requests, which is
    /// why `Content-Length: 0` wins over it.
    public var hasBody: Bool

    /// - Parameter contentLength: the raw field value; one that is no number counts as a body.
    public init(
      method: String, hasQuery: Bool, contentLength: String?, hasTransferEncoding: Bool, hasBody: Bool
    ) {
      self.method = method
      self.hasQuery = hasQuery
      self.contentLength = contentLength
      self.hasTransferEncoding = hasTransferEncoding
      self.hasBody = hasBody
    }
  }

  /// The kind of a request whatever credential it carries.
  public init(_ framing: Framing) {
    self = Self.isContent(framing) ? .content : .management
  }

  /// The kind of a request with a session credential: `close` and `topUp` are management on any request.
  public init(_ framing: Framing, action: SessionAction) {
    switch action {
    case .close, .topUp: self = .management
    case .open, .voucher: self.init(framing)
    }
  }

  private static func isContent(_ framing: Framing) -> Bool {
    if framing.method == "HEAD" { return false }
    if framing.method != "POST" || framing.hasQuery { return true }
    if framing.hasTransferEncoding { return true }
    if let length = framing.contentLength { return !isZero(length) }
    return framing.hasBody
  }

  /// `Content-Length` as an integer: `0` and `000` are no body; anything else, also garbage, counts as one,
  /// because a request that is wrongly taken for management would deliver nothing for a body sent.
  private static func isZero(_ text: String) -> Bool {
    let digits = text.utf8.filter { $0 != 0x20 && $0 != 0x09 }
    return !digits.isEmpty && digits.allSatisfy { $0 == 0x30 }
  }
}

/// The `action` of a session credential (`04` §7.1).
public enum SessionAction: String, Sendable, Hashable, CaseIterable {
  /// Opens a channel and brings its first voucher.
  case open
  /// Raises the deposit. Never charged.
  case topUp
  /// Raises or repeats the authorization.
  case voucher
  /// Asks for a close at the amount of its voucher. Never charged.
  case close
}
