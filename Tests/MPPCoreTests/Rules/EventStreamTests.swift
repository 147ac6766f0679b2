import MPPCore
import Testing

struct EventStreamTests {
  private func events(_ pieces: [[UInt8]], limit: Int = 1 << 20) throws -> [ServerSentEvent] {
    var decoder = EventStreamDecoder(maximumEventBytes: limit)
    return try pieces.flatMap { try decoder.append($0) }
  }

  private func events(_ text: String, limit: Int = 1 << 20) throws -> [ServerSentEvent] {
    try events([Array(text.utf8)], limit: limit)
  }

  /// Every line end, a byte-order mark, comments, fields without space, an unfinished event at the end.
  private static let body =
    "\u{FEFF}event: a\r\ndata: 1\r\ndata:2\r\n\r\n: comment\n\ndata: é😀\r\r"
    + "id: 5\nretry: 9\nevent:b\ndata\ndata: \n\nevent: lost\n\ndata: x:y\rdata:  z\n\ndata: unfinished\n"

  private static let expected = [
    ServerSentEvent(name: "a", data: "1\n2"), ServerSentEvent(data: "é😀"),
    ServerSentEvent(name: "b", data: "\n"), ServerSentEvent(data: "x:y\n z"),
  ]

  @Test func linesFieldsAndCommentsAreReadAsWHATWGSays() throws {
    #expect(try events(Self.body) == Self.expected)
  }

  @Test func piecesMayBeCutAnywhere() throws {
    let bytes = Array(Self.body.utf8)
    for first in 0...bytes.count {
      for second in stride(from: first, through: bytes.count, by: 3) {
        let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]].map(Array.init)
        #expect(try events(pieces) == Self.expected, "\(first) \(second)")
      }
    }
    #expect(try events(bytes.map { [$0] }) == Self.expected)
  }

  @Test func aByteOrderMarkInsideIsPartOfTheLine() throws {
    #expect(try events("data: 1\n\u{FEFF}data: 2\n\n") == [ServerSentEvent(data: "1")])
  }

  @Test func anEventAboveTheLimitIsAnErrorForGood() throws {
    #expect(try events("data: 1234\n\n", limit: 10).count == 1)
    var decoder = EventStreamDecoder(maximumEventBytes: 10)
    let error = EventStreamError.eventTooLarge(maximum: 10)
    #expect(try decoder.append(Array("data: 1\n\ndata: 12".utf8)).count == 1)
    #expect(throws: error) { try decoder.append(Array("345".utf8)) }
    #expect(throws: error) { try decoder.append(Array("\n\n".utf8)) }
    #expect(throws: error) { try decoder.append([]) }
  }

  @Test func theLimitIsPerEventAndCountsAllLines() throws {
    #expect(try events(String(repeating: ": ping\n\n", count: 1000), limit: 10).isEmpty)
    #expect(throws: EventStreamError.self) {
      try events(String(repeating: ": ping\n", count: 2), limit: 10)
    }
  }

  @Test func contentCannotForgeAnEvent() throws {
    for value in [
      "x\rdata: {}\revent: payment-receipt\r\r", "a\n\nevent: payment-need-voucher\ndata: {}", "\r\n\r\n", "",
      "event: x\r\r\ndata: y",
    ] {
      let read = try events([EventStreamEncoder.encode(ServerSentEvent(data: value))])
      #expect(read.map(\.name) == ["message"])
      let lines = value.utf8.count { $0 == 0x0A }
      #expect((read.first?.data.utf8.count { $0 == 0x0A } ?? 0) >= lines - 1)
    }
    let forged = ServerSentEvent(name: "x\ndata: y\n\nevent: z", data: "d")
    #expect(try events([EventStreamEncoder.encode(forged)]) == [ServerSentEvent(name: "x", data: "d")])
  }

  @Test func aKeepAliveIsNoEvent() throws {
    #expect(try events([EventStreamEncoder.keepAlive, EventStreamEncoder.keepAlive]).isEmpty)
  }
}
