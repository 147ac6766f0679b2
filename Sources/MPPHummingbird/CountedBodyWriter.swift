import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// A body has ended before the length it declared, or without an end: the connection has to be closed, or its reader waits for more.
struct ShortBody: Error {}

/// Passes a body on and notices how much of it has been handed over, and whether its reader has left. A reader that knows the
/// length may leave when it has it, before the end of the response is written.
struct CountedBodyWriter: ResponseBodyWriter {
  /// What the writer has seen; outlives it.
  final class Progress: Sendable {
    private let state = Atomic<Bool>(false)
    private let isAlone = Atomic<Bool>(false)
    private let bytes = Atomic<Int>(0)

    /// All bytes of the body were handed over.
    var isWhole: Bool { state.load(ordering: .acquiring) }
    /// The connection has ended under the body, which had more to say.
    var hasNoReader: Bool { isAlone.load(ordering: .acquiring) }
    /// Bytes handed over.
    var count: Int { bytes.load(ordering: .acquiring) }

    fileprivate func complete() { state.store(true, ordering: .releasing) }
    fileprivate func readerLeft() { isAlone.store(true, ordering: .releasing) }
    fileprivate func handedOver(_ count: Int) { bytes.store(count, ordering: .releasing) }
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
    do {
      try await writer.write(buffer)
    } catch {
      // Who is told to stop has not been left.
      if !(error is CancellationError) { progress.readerLeft() }
      throw error
    }
    add(buffer.readableBytes)
  }

  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
    if let length {
      // The end of such a response would leave its reader waiting for the rest.
      guard count >= length else { throw ShortBody() }
    } else if count > 0 {
      progress.complete()
    }
    try await writer.finish(trailingHeaders)
    progress.complete()
  }

  private mutating func add(_ bytes: Int) {
    let (sum, overflow) = count.addingReportingOverflow(bytes)
    count = overflow ? .max : sum
    progress.handedOver(count)
    if let length, length > 0, count >= length { progress.complete() }
  }
}
