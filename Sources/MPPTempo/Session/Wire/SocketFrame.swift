public import MPPCore

/// One text frame of a paid WebSocket (`04` §11): a JSON object told apart by its `mpp` member.
public enum SocketFrame: Sendable, Hashable {
  /// Client to server: a credential, scheme included.
  case authorization(String)
  /// Client to server: deliver nothing more and say what was spent.
  case closeRequest
  /// Server to client: application data.
  case message(String)
  /// Server to client: deliver a higher voucher to go on.
  case needVoucher(NeedVoucher)
  /// Server to client: what was accepted and spent so far.
  case receipt(SessionReceipt)
  /// Server to client: the final state, for the closing credential.
  case closeReady(SessionReceipt)
  /// Server to client, before it closes the socket. `status` is an HTTP status.
  case error(status: Int, message: String)

  /// What an incoming text is.
  public enum Incoming: Sendable, Hashable {
    /// A well-formed payment frame.
    case frame(SocketFrame)
    /// No payment frame and not meant to be one.
    case other(String)
    /// A JSON object with an `mpp` member that is no payment frame: a mistake or an attempt, never
    /// application data (`05` §10.3).
    case invalid
  }

  /// Bytes of a text frame that is read.
  public static let maximumBytes = 1 << 20

  /// Tells payment frames, other texts and broken payment frames apart. A text over the limit is broken.
  public static func read(_ text: String) -> Incoming {
    guard text.utf8.count <= maximumBytes else { return .invalid }
    guard let value = try? JSONValue(parsing: text), value["mpp"] != nil else { return .other(text) }
    return SocketFrame(value).map(Incoming.frame) ?? .invalid
  }

  /// The payment frame in a text, nil for everything else.
  public init?(parsing text: String) {
    guard case .frame(let frame) = Self.read(text) else { return nil }
    self = frame
  }

  private init?(_ value: JSONValue) {
    switch value["mpp"]?.nameValue {
    case "authorization":
      guard let credential = value["authorization"]?.stringValue else { return nil }
      self = .authorization(credential)
    case "payment-close-request": self = .closeRequest
    case "message":
      guard let text = value["data"]?.stringValue else { return nil }
      self = .message(text)
    case "payment-need-voucher":
      guard let request = value["data"].flatMap({ try? NeedVoucher(parsing: $0) }) else { return nil }
      self = .needVoucher(request)
    case "payment-receipt":
      guard let receipt = value["data"].flatMap({ try? SessionReceipt(parsing: $0) }) else { return nil }
      self = .receipt(receipt)
    case "payment-close-ready":
      guard let receipt = value["data"].flatMap({ try? SessionReceipt(parsing: $0) }) else { return nil }
      self = .closeReady(receipt)
    case "payment-error":
      guard let status = value["status"]?.intValue.flatMap({ Int(exactly: $0) }),
        let message = value["message"]?.stringValue
      else { return nil }
      self = .error(status: status, message: message)
    default: return nil
    }
  }

  /// The object, members in the order of `04` §11.
  public var jsonValue: JSONValue {
    switch self {
    case .authorization(let credential):
      ["mpp": "authorization", "authorization": .string(credential)]
    case .closeRequest: ["mpp": "payment-close-request"]
    case .message(let text): ["mpp": "message", "data": .string(text)]
    case .needVoucher(let request): ["mpp": "payment-need-voucher", "data": request.jsonValue]
    case .receipt(let receipt): ["mpp": "payment-receipt", "data": receipt.jsonValue]
    case .closeReady(let receipt): ["mpp": "payment-close-ready", "data": receipt.jsonValue]
    case .error(let status, let message):
      ["mpp": "payment-error", "status": .integer(Int64(status)), "message": .string(message)]
    }
  }

  /// The text of the frame.
  public func text() -> String { jsonValue.serialized() }
}
