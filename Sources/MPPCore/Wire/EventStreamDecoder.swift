/// Reads a `text/event-stream` body piece by piece, as WHATWG describes it: CR, LF and CRLF end a line, a
/// byte-order mark at the start is skipped, an event ends at an empty line. The pieces may be cut anywhere.
///
/// `id` and `retry` are passed over, an event without data is none, and what is left when the stream ends
/// is no event. Memory is bounded by `maximumEventBytes` and the size of the pieces.
public struct EventStreamDecoder: Sendable {
  /// Bytes of one event, its field names included.
  public static let defaultMaximumEventBytes = 1 << 20

  /// start → line; line ⇄ afterCR; any → failed.
  private enum State: Sendable, Hashable {
    /// Nothing but a possible byte-order mark has been seen.
    case start
    case line
    /// The last byte was a CR: an LF now belongs to it.
    case afterCR
    /// An event was too large; nothing is read any more.
    case failed
  }

  private let maximumEventBytes: Int
  private var state = State.start
  private var line: [UInt8] = []
  private var name: [UInt8] = []
  private var data: [UInt8] = []
  private var hasData = false
  /// Bytes of the event at hand, line ends not counted.
  private var size = 0

  /// - Parameter maximumEventBytes: of one event, its field names included, line ends not.
  public init(maximumEventBytes: Int = EventStreamDecoder.defaultMaximumEventBytes) {
    self.maximumEventBytes = maximumEventBytes
  }

  /// Takes in the next piece and returns the events that are complete now, in order.
  ///
  /// Throws when an event is larger than allowed, now and from then on; the events before it in the same
  /// piece are lost with it, because a stream that breaks the limit is not to be trusted.
  public mutating func append(
    _ bytes: some Sequence<UInt8>
  ) throws(EventStreamError) -> [ServerSentEvent] {
    var events: [ServerSentEvent] = []
    let result = bytes.withContiguousStorageIfAvailable { read($0, &events) }
    let isRead = result ?? Array(bytes).withUnsafeBufferPointer { read($0, &events) }
    guard isRead else { throw .eventTooLarge(maximum: maximumEventBytes) }
    return events
  }

  /// False when the limit is crossed.
  private mutating func read(
    _ bytes: UnsafeBufferPointer<UInt8>, _ events: inout [ServerSentEvent]
  ) -> Bool {
    guard state != .failed else { return false }
    var start = 0
    while start < bytes.count {
      if state == .afterCR {
        state = .line
        if bytes[start] == 0x0A {
          start += 1
          continue
        }
      }
      var end = start
      while end < bytes.count, bytes[end] != 0x0A, bytes[end] != 0x0D { end += 1 }
      didLookAt(end - start + 1)
      guard end - start <= maximumEventBytes - size else {
        fail()
        return false
      }
      size += end - start
      line.append(contentsOf: bytes[start..<end])
      guard end < bytes.count else { break }
      endLine(&events)
      state = bytes[end] == 0x0D ? .afterCR : .line
      start = end + 1
    }
    return true
  }

  private mutating func fail() {
    state = .failed
    (line, name, data) = ([], [], [])
  }

  private mutating func endLine(_ events: inout [ServerSentEvent]) {
    defer { line.removeAll(keepingCapacity: true) }
    didLookAt(line.count)
    var bytes = line[...]
    if state == .start, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    guard !bytes.isEmpty else {
      dispatch(&events)
      return
    }
    let colon = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
    // An empty field name makes the line a comment.
    let field = bytes[..<colon]
    var value = colon < bytes.endIndex ? bytes[(colon + 1)...] : []
    if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
    if field.elementsEqual("data".utf8) {
      if hasData { data.append(0x0A) }
      data.append(contentsOf: value)
      hasData = true
    } else if field.elementsEqual("event".utf8) {
      name = Array(value)
    }
  }

  private mutating func dispatch(_ events: inout [ServerSentEvent]) {
    if hasData {
      events.append(
        ServerSentEvent(
          name: String(decoding: name, as: UTF8.self), data: String(decoding: data, as: UTF8.self)))
    }
    name.removeAll(keepingCapacity: true)
    data.removeAll(keepingCapacity: true)
    hasData = false
    size = 0
  }
}

/// Why an event stream is not read on.
public enum EventStreamError: Error, Sendable, Hashable, CustomStringConvertible {
  /// More bytes than one event may have.
  case eventTooLarge(maximum: Int)

  public var description: String {
    switch self {
    case .eventTooLarge(let maximum): "an event has more than \(maximum) bytes"
    }
  }
}
