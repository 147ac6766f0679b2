import Foundation
import HTTPTypes
import NIOCore
import NIOPosix
import ServerTestSupport

/// One connection that stays open, for several requests one after the other or all at once.
struct KeepAliveClient: Sendable {
  typealias Inbound = NIOAsyncChannelInboundStream<ByteBuffer>

  /// The connection while it is open.
  struct Conversation {
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    var inbound: Inbound.AsyncIterator
    var received = ByteBuffer()

    /// Sends requests in one write, and reads as many responses.
    mutating func exchange(_ requests: [(target: String, headers: [String: String])]) async throws
      -> [RawResponse]
    {
      try await send(requests)
      var responses: [RawResponse] = []
      for _ in requests { responses.append(try await next()) }
      return responses
    }

    func send(_ requests: [(target: String, headers: [String: String])]) async throws {
      var text = ""
      for request in requests {
        text += "GET \(request.target) HTTP/1.1\r\nHost: localhost\r\n"
        for (name, value) in request.headers { text += "\(name): \(value)\r\n" }
        text += "\r\n"
      }
      try await outbound.write(ByteBuffer(string: text))
    }

    /// Reads until `text` has come.
    mutating func skip(to text: String) async throws {
      while !String(buffer: received).contains(text) {
        guard let chunk = try await inbound.next() else {
          throw FixtureError(description: "the connection was closed before \(text)")
        }
        received.writeImmutableBuffer(chunk)
      }
    }

    /// Everything until the connection is closed.
    mutating func rest() async throws -> ByteBuffer {
      var rest = received
      received = ByteBuffer()
      while let chunk = try await inbound.next() { rest.writeImmutableBuffer(chunk) }
      return rest
    }

    /// The next response; all of them have a length here.
    mutating func next() async throws -> RawResponse {
      while true {
        let text = String(buffer: received)
        if let head = text.range(of: "\r\n\r\n") {
          let response = try RawResponse(String(text[..<head.upperBound]))
          let length =
            text[..<head.upperBound].utf8.count + (Int(response.headers[.contentLength] ?? "0") ?? 0)
          if let whole = received.readSlice(length: length) { return try RawResponse(String(buffer: whole)) }
        }
        guard let chunk = try await inbound.next() else {
          throw FixtureError(description: "the connection was closed after \(text)")
        }
        received.writeImmutableBuffer(chunk)
      }
    }
  }

  /// As the system's `struct linger`.
  private struct Linger {
    let isOn: CInt
    let seconds: CInt
  }

  let port: Int

  /// - Parameter isReset: end the connection with a reset, which a server notices at once. The plain end could be that of a client
  ///   which still listens: a busy server finds out by its idle timeout.
  func open<Result: Sendable>(
    isReset: Bool = false, _ body: @escaping @Sendable (inout Conversation) async throws -> Result
  ) async throws -> Result {
    var bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      // Else the system lets it grow, to 32 MiB and more: who reads nothing would still take everything.
      .channelOption(.socketOption(.so_rcvbuf), value: 65_536)
    if isReset {
      bootstrap = bootstrap.channelInitializer { channel in
        guard let socket = channel as? any SocketOptionProvider else {
          return channel.eventLoop.makeFailedFuture(FixtureError(description: "no socket"))
        }
        return socket.unsafeSetSocketOption(
          level: .socket, name: .so_linger, value: Linger(isOn: 1, seconds: 0))
      }
    }
    let channel = try await bootstrap.connect(host: "127.0.0.1", port: port) { channel in
      channel.eventLoop.makeCompletedFuture {
        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
      }
    }
    return try await channel.executeThenClose { inbound, outbound in
      var conversation = Conversation(outbound: outbound, inbound: inbound.makeAsyncIterator())
      return try await body(&conversation)
    }
  }
}
