import NIOCore
import NIOPosix
import TempoRPC
import Testing

@Suite("Nodes that answer strangely, over real sockets", .timeLimit(.minutes(1)))
struct SlowNodeTests {
  private let request = Array(#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}"#.utf8)

  private func error(
    _ body: () async throws(RPCTransportError) -> [UInt8]
  ) async -> RPCTransportError? {
    do {
      _ = try await body()
      return nil
    } catch {
      return error
    }
  }

  @Test("An answer that trickles ends with its time, as one that does not begin")
  func trickles() async throws {
    let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Trickle()) }
      }.bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(listener.localAddress?.port)
    let transport = AsyncHTTPRPCTransport(url: "http://127.0.0.1:\(port)")
    let failure = await error { () async throws(RPCTransportError) in
      try await transport.send(request, timeoutMilliseconds: 300)
    }
    #expect(failure?.code == .timeout)
    #expect(failure?.mayHaveBeenReceived == true)
    try await listener.close()
  }

  @Test("A node that redirects is not asked elsewhere")
  func redirects() async throws {
    let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Redirect()) }
      }.bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(listener.localAddress?.port)
    let transport = AsyncHTTPRPCTransport(url: "http://127.0.0.1:\(port)")
    let failure = await error { () async throws(RPCTransportError) in
      try await transport.send(request, timeoutMilliseconds: 5_000)
    }
    #expect(failure?.status == 307)
    try await listener.close()
  }
}

/// Answers with a head, a byte, and nothing more.
private final class Trickle: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"
    context.writeAndFlush(NIOAny(ByteBuffer(string: head)), promise: nil)
  }
}

private final class Redirect: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let head = "HTTP/1.1 307 Moved\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n"
    context.writeAndFlush(NIOAny(ByteBuffer(string: head)), promise: nil)
  }
}
