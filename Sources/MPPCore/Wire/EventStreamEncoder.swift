/// Writes `text/event-stream` bodies (`04` §10).
public enum EventStreamEncoder {
  /// The body of a comment: readers ignore it, proxies see that the stream is alive.
  public static let keepAlive = Array(": ping\n\n".utf8)

  /// An event with one `data` line per line of the data.
  ///
  /// CR, LF and CRLF all end a line, because readers take all three for one: a CR inside a line would let
  /// content forge fields and events (W10). A name never contains a line end; what follows one is cut off.
  public static func encode(_ event: ServerSentEvent) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(event.name.utf8.count + event.data.utf8.count + 32)
    bytes.append(contentsOf: "event: ".utf8)
    bytes.append(contentsOf: event.name.utf8.prefix { !isLineEnd($0) })
    var data = event.data
    data.withUTF8 { appendLines(of: $0, to: &bytes) }
    bytes.append(contentsOf: "\n\n".utf8)
    return bytes
  }

  private static func appendLines(of data: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
    var start = 0
    while true {
      var end = start
      while end < data.count, !isLineEnd(data[end]) { end += 1 }
      bytes.append(contentsOf: "\ndata: ".utf8)
      bytes.append(contentsOf: data[start..<end])
      guard end < data.count else { return }
      let isPair = data[end] == 0x0D && end + 1 < data.count && data[end + 1] == 0x0A
      start = end + (isPair ? 2 : 1)
    }
  }

  private static func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
}
