import BenchSupport
import NIOCore

/// One keep-alive connection that sends its requests one after the other and looks at every answer.
final class LoadConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  struct Start: Sendable {}

  struct Outcome: Sendable {
    var samples = Samples()
    var start: UInt64 = 0
    var end: UInt64 = 0
    /// Answers with another status than the expected one, and the first of them.
    var unexpected = 0
    var firstUnexpected = ""
    /// The last answer.
    var last = ""
  }

  private let requests: [ByteBuffer]
  private let status: [UInt8]
  private let done: EventLoopPromise<Outcome>
  private var outcome = Outcome()
  private var next = 0
  private var sentAt: UInt64 = 0
  private var received = ByteBuffer()

  init(_ requests: [ByteBuffer], status: Int, done: EventLoopPromise<Outcome>) {
    self.requests = requests
    self.status = Array("HTTP/1.1 \(status)".utf8)
    self.done = done
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is Start else { return context.fireUserInboundEventTriggered(event) }
    outcome.start = Ticks.now()
    send(context)
  }

  private func send(_ context: ChannelHandlerContext) {
    guard next < requests.count else {
      outcome.end = Ticks.now()
      done.succeed(outcome)
      return
    }
    sentAt = Ticks.now()
    context.writeAndFlush(wrapOutboundOut(requests[next]), promise: nil)
    next += 1
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var chunk = unwrapInboundIn(data)
    if received.readableBytes == 0 { received = chunk } else { received.writeBuffer(&chunk) }
    guard let length = received.withUnsafeReadableBytes(ResponseScanner.length),
      received.readableBytes >= length
    else { return }
    outcome.samples.add(nanoseconds: Ticks.since(sentAt))
    let isExpected = received.withUnsafeReadableBytes { $0.starts(with: status) }
    if !isExpected {
      outcome.unexpected += 1
      if outcome.unexpected == 1 { outcome.firstUnexpected = String(buffer: received) }
    }
    if next == requests.count { outcome.last = String(buffer: received) }
    received.clear()
    send(context)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    done.fail(error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    done.fail(BenchFailure("the server closed a connection"))
  }
}
