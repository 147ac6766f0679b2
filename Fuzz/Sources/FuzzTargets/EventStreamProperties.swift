@testable import MPPCore
@testable import MPPTempo

/// `text/event-stream`: any chunking gives the same events, and no content forges one. The first byte chooses where
/// the stream is cut.
enum EventStreamProperties {
  static func check(_ bytes: [UInt8]) throws {
    guard let seed = bytes.first else { return }
    let body = bytes.dropFirst()
    let whole = try events([Array(body)])
    for pieces in [cut(body, by: seed), body.map { [$0] }] {
      try require(try events(pieces) == whole, "the events depend on how the stream is cut")
    }
    // Small enough to be crossed: whether it is does not depend on the cuts either.
    let limit = 8 + Int(seed)
    let isTooLarge = (try? events([Array(body)], limit: limit)) == nil
    try require(
      isTooLarge == ((try? events(cut(body, by: seed), limit: limit)) == nil), "the limit depends on the cuts"
    )
    for event in whole {
      try require(try rewritten(event) == [event], "parse ∘ encode changes an event")
      try payment(event)
    }
    try content(String(decoding: body, as: UTF8.self))
  }

  private static func events(_ pieces: [[UInt8]], limit: Int = 1 << 20) throws -> [ServerSentEvent] {
    var decoder = EventStreamDecoder(maximumEventBytes: limit)
    var events: [ServerSentEvent] = []
    for piece in pieces { events += try decoder.append(piece) }
    return events
  }

  /// Pieces of 1 to 16 bytes.
  private static func cut(_ body: ArraySlice<UInt8>, by seed: UInt8) -> [[UInt8]] {
    var state = UInt32(seed) &* 2_654_435_761 | 1
    var rest = body
    var pieces: [[UInt8]] = []
    while !rest.isEmpty {
      state = state &* 1_664_525 &+ 1_013_904_223
      let piece = rest.prefix(1 + Int(state >> 28))
      pieces.append(Array(piece))
      rest = rest.dropFirst(piece.count)
    }
    return pieces
  }

  private static func rewritten(_ event: ServerSentEvent) throws -> [ServerSentEvent] {
    try events([EventStreamEncoder.encode(event)])
  }

  /// Whatever an application sends arrives as one message, but for the spelling of its line ends.
  private static func content(_ text: String) throws {
    let read = try rewritten(SessionEvent.message(text).serverSentEvent)
    try require(
      read.count == 1 && read[0].name.hasBytes(of: ServerSentEvent.defaultName), "content forges an event")
    guard !text.utf8.contains(0x0D) else { return }
    try require(read[0].data.hasBytes(of: text), "content changes")
  }

  private static func payment(_ event: ServerSentEvent) throws {
    guard let read = try? SessionEvent(event) else { return }
    try require(
      try SessionEvent(read.serverSentEvent) == read, "parse ∘ write changes what an event means")
  }
}
