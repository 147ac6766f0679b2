import NIOCore
import NIOHTTP1

/// One connection: collects a bounded body, lets the chain answer, performs what a fault decided.
///
/// The pipelining handler in front holds the next request back until the answer is out.
final class DevnetHTTPHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private enum State {
    /// → reading, rejected
    case idle
    /// → idle
    case reading(HTTPRequestHead, ByteBuffer)
    /// The answer is out already; the rest of the request is thrown away. → idle
    case rejected
  }

  private let devnet: Devnet
  private let checksHost: Bool
  private var state = State.idle

  init(devnet: Devnet, checksHost: Bool) {
    self.devnet = devnet
    self.checksHost = checksHost
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): begin(head, context)
    case .body(let part): collect(part, context)
    case .end: finish(context)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is IdleStateHandler.IdleStateEvent {
      context.close(promise: nil)
    } else {
      context.fireUserInboundEventTriggered(event)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    if checksHost {
      let hosts = head.headers["host"]
      guard hosts.count == 1, LoopbackHost.accepts(header: hosts[0]) else {
        return reject(context, head, .forbidden, "host not allowed")
      }
    }
    if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }),
      length > DevnetCore.maximumBody
    {
      return reject(context, head, .payloadTooLarge, "request body too large")
    }
    state = .reading(head, ByteBuffer())
  }

  private func collect(_ part: ByteBuffer, _ context: ChannelHandlerContext) {
    guard case .reading(let head, var body) = state else { return }
    // Otherwise the buffer would be shared and copied by the write.
    state = .rejected
    var part = part
    body.writeBuffer(&part)
    guard body.readableBytes <= DevnetCore.maximumBody else {
      return reject(context, head, .payloadTooLarge, "request body too large")
    }
    state = .reading(head, body)
  }

  private func finish(_ context: ChannelHandlerContext) {
    guard case .reading(let head, let body) = state else {
      state = .idle
      return
    }
    state = .idle
    switch head.method {
    case .POST: answer(head, Array(buffer: body), context)
    case .OPTIONS: respond(context, head, .noContent, [])
    case .GET:
      respond(context, head, .ok, Array("tempo devnet, chain \(devnet.chainID)\n".utf8), type: "text/plain")
    default: respond(context, head, .methodNotAllowed, [])
    }
  }

  private func answer(_ head: HTTPRequestHead, _ body: [UInt8], _ context: ChannelHandlerContext) {
    let path = head.uri.split(separator: "?", maxSplits: 1).first.map(String.init) ?? "/"
    perform(devnet.answer(body, path: path), head, context)
  }

  private func perform(_ reply: DevnetReply, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    guard reply.delayMilliseconds > 0 else { return conclude(reply, head, context) }
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: .milliseconds(Int64(reply.delayMilliseconds))) {
      let (handler, context) = bound.value
      handler.conclude(reply, head, context)
    }
  }

  private func conclude(_ reply: DevnetReply, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    if let next = devnet.continuation(of: reply) { return perform(next, head, context) }
    switch reply.outcome {
    case .closed: context.close(promise: nil)
    case .answer(let status, let body, let retryAfter):
      respond(context, head, HTTPResponseStatus(statusCode: status), body, retryAfter: retryAfter)
    }
  }

  private func reject(
    _ context: ChannelHandlerContext, _ head: HTTPRequestHead, _ status: HTTPResponseStatus, _ message: String
  ) {
    state = .rejected
    let body = #"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"\#(message)"}}"#
    respond(context, head, status, Array(body.utf8), closes: true)
  }

  private func respond(
    _ context: ChannelHandlerContext, _ head: HTTPRequestHead, _ status: HTTPResponseStatus, _ body: [UInt8],
    type: String = "application/json", retryAfter: Int? = nil, closes: Bool = false
  ) {
    guard context.channel.isActive else { return }
    let keepsAlive = head.isKeepAlive && !closes
    var headers: HTTPHeaders = ["access-control-allow-origin": "*"]
    if status != .noContent {
      headers.add(name: "content-type", value: type)
      headers.add(name: "content-length", value: String(body.count))
    }
    if head.method == .OPTIONS {
      headers.add(name: "access-control-allow-methods", value: "POST, GET, OPTIONS")
      headers.add(name: "access-control-allow-headers", value: "*")
    }
    if let retryAfter { headers.add(name: "retry-after", value: String(retryAfter)) }
    if !keepsAlive { headers.add(name: "connection", value: "close") }
    let response = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
    context.write(wrapOutboundOut(.head(response)), promise: nil)
    if !body.isEmpty {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
    }
    let done = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: done)
    if !keepsAlive {
      let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
      done.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
    }
  }
}
