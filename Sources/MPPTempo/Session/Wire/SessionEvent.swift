public import MPPCore

/// What an event of a metered stream means (`04` §10): application data, or one of the two payment events.
public enum SessionEvent: Sendable, Hashable {
  /// For the application. Events with unknown names are messages too.
  case message(String)
  /// The stream waits for a higher voucher.
  case needVoucher(NeedVoucher)
  /// The end of the stream.
  case receipt(SessionReceipt)

  static let needVoucherName = "payment-need-voucher"
  static let receiptName = "payment-receipt"

  /// Throws for a payment event whose data is not what its name says. Such an event is a mistake of the
  /// server; it is neither obeyed nor shown to the application (`05` §9.2).
  public init(_ event: ServerSentEvent) throws(SessionEventError) {
    switch Self.trimmed(event.name) {
    case Self.needVoucherName: self = .needVoucher(try NeedVoucher(parsing: try Self.json(event)))
    case Self.receiptName:
      let value = try Self.json(event)
      do {
        self = .receipt(try SessionReceipt(parsing: value))
      } catch {
        throw .invalidPaymentEvent(name: Self.receiptName)
      }
    default: self = .message(event.data)
    }
  }

  /// The event to send.
  public var serverSentEvent: ServerSentEvent {
    switch self {
    case .message(let text): ServerSentEvent(data: text)
    case .needVoucher(let request):
      ServerSentEvent(name: Self.needVoucherName, data: request.jsonValue.serialized())
    case .receipt(let receipt):
      ServerSentEvent(name: Self.receiptName, data: receipt.jsonValue.serialized())
    }
  }

  /// The bytes of the event in the body.
  public func encoded() -> [UInt8] { EventStreamEncoder.encode(serverSentEvent) }

  private static func json(_ event: ServerSentEvent) throws(SessionEventError) -> JSONValue {
    guard let value = try? JSONValue(parsing: event.data) else {
      throw .invalidPaymentEvent(name: trimmed(event.name))
    }
    return value
  }

  /// The reference takes space around a name for nothing; so must everybody who decides by the name.
  private static func trimmed(_ name: String) -> String {
    var bytes = name.utf8[...]
    while let first = bytes.first, first == 0x20 || first == 0x09 { bytes = bytes.dropFirst() }
    while let last = bytes.last, last == 0x20 || last == 0x09 { bytes = bytes.dropLast() }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Why an event of a metered stream or a frame of a payment socket is refused.
public enum SessionEventError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The data is not what the event's name says.
  case invalidPaymentEvent(name: String)

  public var description: String {
    switch self {
    case .invalidPaymentEvent(let name): "malformed \(name) from the server"
    }
  }
}
