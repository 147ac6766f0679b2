import MPPConformance

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Requests from stdin: everything as one, or one per line. Bounded: what is larger is skipped and reported.
struct RequestReader {
  /// Bytes of one request.
  static let maximumBytes = ConformanceAnswer.maximumBytes

  enum Request: Sendable {
    case bytes([UInt8])
    case tooLarge
  }

  private let isStream: Bool
  private var buffer: [UInt8] = []
  /// Where the unread part of `buffer` begins.
  private var start = 0
  private var isAtEnd = false
  private var isDone = false

  init(isStream: Bool) {
    self.isStream = isStream
  }

  /// The next request, nil when there is none left. Blank lines are passed over.
  mutating func next() -> Request? {
    guard isStream else { return whole() }
    while let line = line() {
      if case .bytes(let bytes) = line, bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) {
        continue
      }
      return line
    }
    return nil
  }

  private mutating func whole() -> Request? {
    guard !isDone else { return nil }
    isDone = true
    while !isAtEnd, buffer.count <= Self.maximumBytes { fill() }
    return buffer.count > Self.maximumBytes ? .tooLarge : .bytes(buffer)
  }

  private mutating func line() -> Request? {
    var line: [UInt8] = []
    var isTooLarge = false
    while true {
      let rest = buffer[start...]
      let end = rest.firstIndex(of: 0x0A)
      if !isTooLarge { line.append(contentsOf: rest[..<(end ?? rest.endIndex)]) }
      if line.count > Self.maximumBytes {
        isTooLarge = true
        line = []
      }
      if let end {
        start = end + 1
        return isTooLarge ? .tooLarge : .bytes(line)
      }
      buffer.removeAll(keepingCapacity: true)
      start = 0
      guard !isAtEnd else { return isTooLarge ? .tooLarge : line.isEmpty ? nil : .bytes(line) }
      fill()
    }
  }

  /// Appends what stdin has; an error ends it as its end does.
  private mutating func fill() {
    let piece = [UInt8](unsafeUninitializedCapacity: 65_536) { bytes, count in
      repeat { count = read(STDIN_FILENO, bytes.baseAddress, bytes.count) } while count < 0 && errno == EINTR
      count = max(0, count)
    }
    isAtEnd = piece.isEmpty
    buffer.append(contentsOf: piece)
  }
}
