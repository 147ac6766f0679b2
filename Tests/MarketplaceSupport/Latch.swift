/// Opens once; everybody waiting goes on, everybody later does not wait.
public struct Latch: Sendable {
  private let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  public init() { (stream, continuation) = AsyncStream.makeStream() }

  public func open() { continuation.finish() }

  /// One waiter at a time. Ends early when the task is cancelled.
  public func wait() async { for await _ in stream {} }
}
