@testable import MPPCore
@testable import MPPTempo

/// Text frames of a paid WebSocket: a payment frame is never taken for application data, nor the other way round.
enum SocketFrameProperties {
  static func check(_ bytes: [UInt8]) throws {
    let text = String(decoding: bytes, as: UTF8.self)
    let names = (try? JSONValue(parsing: text))?["mpp"] != nil
    switch SocketFrame.read(text) {
    case .frame(let frame):
      try require(names, "a payment frame without the member that makes it one")
      try require(SocketFrame(parsing: frame.text()) == frame, "parse ∘ write changes a frame")
    case .other(let same):
      try require(!names && same.hasBytes(of: text), "a broken payment frame is taken for application data")
    case .invalid: try require(names, "application data is called a broken payment frame")
    }
    let message = SocketFrame.message(text)
    try require(SocketFrame(parsing: message.text()) == message, "application data changes")
  }
}
