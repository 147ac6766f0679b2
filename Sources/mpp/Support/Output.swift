import MPPCore
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Results go to stdout, whole lines at a time and unbuffered; everything said to a person goes to stderr.
enum Output {
  /// What became of stdout. open → left, failed; both are ends.
  private enum State {
    case open
    /// Its reader has gone away: there is nobody left to work for.
    case left
    /// The system's number of what was wrong.
    case failed(Int32)
  }

  private static let state = Mutex(State.open)

  /// Whether nothing is written to stdout any more.
  static var isClosed: Bool {
    state.withLock { if case .open = $0 { false } else { true } }
  }

  /// Why results could not be written; nil when they could. A reader that has gone away had what it wanted: that is no failure.
  static var failure: String? {
    state.withLock { if case .failed(let number) = $0 { String(cString: strerror(number)) } else { nil } }
  }

  static func line(_ text: String) { bytes(Array((text + "\n").utf8)) }

  /// One event or result on a line of its own.
  static func json(_ value: JSONValue) { line(value.serialized()) }

  static func bytes(_ bytes: [UInt8]) {
    state.withLock { state in
      guard case .open = state, let number = writeAll(bytes, to: STDOUT_FILENO) else { return }
      state = number == EPIPE ? .left : .failed(number)
    }
  }

  static func note(_ text: String) {
    state.withLock { _ in _ = writeAll(Array((text + "\n").utf8), to: STDERR_FILENO) }
  }

  /// A line on stderr that the next one overwrites; only for terminals.
  static func transient(_ text: String) {
    state.withLock { _ in _ = writeAll(Array("\r\u{1b}[2K\(text)".utf8), to: STDERR_FILENO) }
  }

  static var isErrorTerminal: Bool { isatty(STDERR_FILENO) == 1 }
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Returns nil, or the number of what was wrong.
  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
    bytes.withUnsafeBytes { buffer in
      var written = 0
      while written < buffer.count {
        let count = write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
        if count < 0 {
          let number = errno
          guard number == EINTR || number == EAGAIN else { return number }
          continue
        }
        written += count
      }
      return nil
    }
  }
}
