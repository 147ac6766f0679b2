import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Passes a body on and notices when all of its bytes have been handed over. What becomes of the connection after that does not
/// matter: a reader that knows the length may leave when it has it, before the end of the response is written.
struct CountedBodyWriter: ResponseBodyWriter {
  /// What the writer has seen; outlives it.
  final class Progress: Sendable {
    private let state = Atomic<Bool>(false)

    /// All bytes of the body were handed over.
    var isWhole: Bool { state.load(ordering: .acquiring) }

    fileprivate func complete() { state.store(true, ordering: .releasing) }
  }

  private var writer: any ResponseBodyWriter
  private let progress: Progress
  /// Declared, or nil: then the body ends when its source says so.
  private let length: Int?
  private var count = 0

  init(_ writer: any ResponseBodyWriter, length: Int?, progress: Progress) {
    self.writer = writer
    self.length = length
    self.progress = progress
  }

  mutating func write(_ buffer: ByteBuffer) async throws {
    try await writer.write(buffer)
    add(buffer.readableBytes)
  }

  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
    if length == nil, count > 0 { progress.complete() }
    try await writer.finish(trailingHeaders)
    progress.complete()
  }

  private mutating func add(_ bytes: Int) {
    count = count.addingReportingOverflow(bytes).partialValue
    if let length, length > 0, count >= length { progress.complete() }
  }
}
