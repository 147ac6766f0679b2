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
  private static let lock = Mutex(false)

  /// Whether the reader of stdout has gone away: there is nobody left to work for.
  static var isClosed: Bool { lock.withLock { $0 } }

  static func line(_ text: String) { bytes(Array((text + "\n").utf8)) }

  /// One event or result on a line of its own.
  static func json(_ value: JSONValue) { line(value.serialized()) }

  static func bytes(_ bytes: [UInt8]) {
    lock.withLock { isClosed in
      guard !isClosed else { return }
      isClosed = !writeAll(bytes, to: STDOUT_FILENO)
    }
  }

  static func note(_ text: String) {
    lock.withLock { _ in _ = writeAll(Array((text + "\n").utf8), to: STDERR_FILENO) }
  }

  /// A line on stderr that the next one overwrites; only for terminals.
  static func transient(_ text: String) {
    lock.withLock { _ in _ = writeAll(Array("\r\u{1b}[2K\(text)".utf8), to: STDERR_FILENO) }
  }

  static var isErrorTerminal: Bool { isatty(STDERR_FILENO) == 1 }
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var written = 0
      while written < buffer.count {
        let count = write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
        if count < 0 {
          guard errno == EINTR || errno == EAGAIN else { return false }
          continue
        }
        written += count
      }
      return true
    }
  }
}
