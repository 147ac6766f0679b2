import EVM
import MPPCore
import MPPTempo
import TestSupport
import Testing

/// `sse.json`: events of metered streams.
struct ServerSentEventVectorTests {
  @Test func serverSentEventVectors() throws {
    var tally = try Tally(.serverSentEvents)
    try tally.each("formatMessage", formatMessage)
    try tally.each("formatNeedVoucher") { vector in
      try vector.expectMembers(["params", "frame"])
      let params = try vector.require("params")
      let event = SessionEvent.needVoucher(try NeedVoucher(parsing: params))
      try Tally.expect(text(event), try vector.string("frame"), "frame")
      try Tally.expect(try read(try vector.string("frame")).map { try SessionEvent($0) }, event, "read again")
    }
    try tally.each("formatReceipt") { vector in
      try vector.expectMembers(["receipt", "frame"])
      let event = SessionEvent.receipt(try SessionReceipt(parsing: try vector.require("receipt")))
      try Tally.expect(text(event), try vector.string("frame"), "frame")
      try Tally.expect(try read(try vector.string("frame")).map { try SessionEvent($0) }, event, "read again")
    }
    try tally.each("parse", parse)
    try tally.each("extractData", extractData)
    try tally.finish()
  }

  private func text(_ event: SessionEvent) -> String { String(decoding: event.encoded(), as: UTF8.self) }

  /// The one event of a text, nil when there is none.
  private func read(_ text: String) throws -> ServerSentEvent? {
    var decoder = EventStreamDecoder()
    let events = try decoder.append(Array(text.utf8))
    guard events.count <= 1 else { throw VectorError("\(events.count) events") }
    return events.first
  }

  private func formatMessage(_ vector: VectorCase) throws {
    try vector.expectMembers(["value", "frame"])
    let value = try vector.string("value")
    var expected = try vector.string("frame")
    var data = value
    if value.utf8.contains(0x0D) {
      vector.differs(.eventLineEndsSplit)
      data = try lines(value).joined(separator: "\n")
      expected = "event: message\n" + (try lines(value)).map { "data: \($0)\n" }.joined() + "\n"
    }
    try Tally.expect(text(.message(value)), expected, "frame")
    try Tally.expect(try read(expected), ServerSentEvent(data: data), "read again")
  }

  /// Lines as WHATWG counts them.
  private func lines(_ text: String) throws -> [String] {
    var lines: [[UInt8]] = [[]]
    var previous: UInt8 = 0
    for byte in text.utf8 {
      if byte == 0x0D || (byte == 0x0A && previous != 0x0D) {
        lines.append([])
      } else if byte != 0x0A {
        lines[lines.count - 1].append(byte)
      }
      previous = byte
    }
    return lines.map { String(decoding: $0, as: UTF8.self) }
  }

  private func parse(_ vector: VectorCase) throws {
    try vector.expectMembers(["raw", "result"])
    let raw = try vector.string("raw")
    let event = try read(raw + "\n\n")
    if let data = try differing(vector, raw) {
      try Tally.expect(try event.map { try SessionEvent($0) }, .message(data), "event")
      return
    }
    let expected = try vector.require("result")
    guard !expected.isNull else {
      // No event, or a payment event that is neither obeyed nor shown.
      if let event { try Tally.expectRejected("event") { try SessionEvent(event) } }
      return
    }
    guard let event else { throw VectorError("no event") }
    switch (expected["type"]?.stringValue, try SessionEvent(event)) {
    case ("message", .message(let text)): try Tally.expect(.string(text), expected["data"], "data")
    case ("payment-need-voucher", .needVoucher(let request)):
      try Tally.expect(request.jsonValue, expected["data"], "data")
    case ("payment-receipt", .receipt(let receipt)):
      try Tally.expect(receipt.jsonValue, expected["data"], "data")
    case (let type, let event): throw VectorError("\(event) is no \(type ?? "event")")
    }
  }

  private func extractData(_ vector: VectorCase) throws {
    try vector.expectMembers(["raw", "result"])
    let raw = try vector.string("raw")
    let event = try read(raw + "\n\n")
    if let data = try differing(vector, raw) {
      try Tally.expect(event?.data, data, "data")
      return
    }
    try Tally.expect(event?.data, try vector.require("result").stringValue, "data")
  }

  /// The data by the rules of WHATWG, where the reference sees something else.
  private func differing(_ vector: VectorCase, _ raw: String) throws -> String? {
    let hasLineEnd = raw.utf8.contains(0x0D)
    let withoutSpace = try lines(raw).contains {
      $0.hasPrefix("data:") && !$0.hasPrefix("data: ") && $0 != "data:"
    }
    guard hasLineEnd || withoutSpace else { return nil }
    vector.differs(hasLineEnd ? .eventLineEndsRead : .eventFieldsWithoutSpace)
    return try lines(raw).filter { $0.hasPrefix("data:") }.map { line in
      let value = line.dropFirst(5)
      return String(value.hasPrefix(" ") ? value.dropFirst() : value)
    }.joined(separator: "\n")
  }
}
