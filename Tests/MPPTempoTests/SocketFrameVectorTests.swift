import MPPCore
import MPPTempo
import TestSupport
import Testing

/// `websocket.json`: frames of paid sockets.
struct SocketFrameVectorTests {
  @Test func socketFrameVectors() throws {
    var tally = try Tally(.webSocket)
    try tally.each("format", format)
    try tally.each("parse", parse)
    try tally.finish()
  }

  private func format(_ vector: VectorCase) throws {
    try vector.expectMembers(["type", "data", "frame"])
    let data = try vector.require("data")
    let frame = try frame(try vector.string("type"), data)
    try Tally.expect(frame.text(), try vector.string("frame"), "frame")
    try Tally.expect(SocketFrame.read(frame.text()), .frame(frame), "read again")
  }

  private func frame(_ type: String, _ data: JSONValue) throws -> SocketFrame {
    switch type {
    case "message": return .message(data.stringValue ?? "")
    case "authorization": return .authorization(data.stringValue ?? "")
    case "payment-close-request": return .closeRequest
    case "payment-close-ready": return .closeReady(try SessionReceipt(parsing: data))
    case "payment-receipt": return .receipt(try SessionReceipt(parsing: data))
    case "payment-need-voucher": return .needVoucher(try NeedVoucher(parsing: data))
    case "payment-error":
      guard let status = data["status"]?.intValue, let message = data["message"]?.stringValue else {
        throw VectorError("payment-error without status or message")
      }
      return .error(status: Int(status), message: message)
    default: throw VectorError("unknown frame type \(type)")
    }
  }

  private func parse(_ vector: VectorCase) throws {
    try vector.expectMembers(["raw", "result"])
    let raw = try vector.string("raw")
    let expected = try vector.require("result")
    let frame = SocketFrame(parsing: raw)
    guard expected.isNull else {
      try Tally.expect(frame?.jsonValue, expected, "frame")
      return
    }
    try Tally.expect(frame, nil, "frame")
    // What claims to be a frame and is none is not application data either.
    guard (try? JSONValue(parsing: raw))?["mpp"] != nil else {
      try Tally.expect(SocketFrame.read(raw), .other(raw), "other text")
      return
    }
    vector.differs(.brokenFrame)
    try Tally.expect(SocketFrame.read(raw), .invalid, "broken frame")
  }
}
