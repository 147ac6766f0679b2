import Foundation
public import HTTPTypes
public import NIOCore
import NIOPosix

/// HTTP/1.1 by hand, for requests that no client would send.
public struct RawHTTP: Sendable {
  public let port: Int
  public init(port: Int) { self.port = port }

  /// Sends one request on a connection of its own and reads until the server closes it.
  /// - Parameter headers: sent as they are, in this order; repeated names are allowed.
  public func exchange(
    _ method: String, _ target: String, headers: [(String, String)] = [], body: String? = nil
  ) async throws -> RawResponse {
    let text = Self.request(method, target, headers, body)
    return try await connect().executeThenClose { inbound, outbound in
      try await outbound.write(ByteBuffer(string: text))
      var bytes = ByteBuffer()
      do {
        for try await chunk in inbound { bytes.writeImmutableBuffer(chunk) }
      } catch {
        // A server that refuses a request without reading all of it may reset the connection after its answer.
        guard bytes.readableBytes > 0 else { throw error }
      }
      return try RawResponse(String(buffer: bytes))
    }
  }

  /// Sends one request, hands each chunk of the answer to `read` and closes the connection when that
  /// returns `false`.
  public func leave(
    _ method: String, _ target: String, headers: [(String, String)] = [],
    when read: @escaping @Sendable (ByteBuffer) async throws -> Bool
  ) async throws {
    let text = Self.request(method, target, headers, nil)
    try await connect().executeThenClose { inbound, outbound in
      try await outbound.write(ByteBuffer(string: text))
      for try await chunk in inbound where try await !read(chunk) { break }
    }
  }

  private func connect() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
    try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup).connect(
      host: "127.0.0.1", port: port
    ) { channel in
      channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
    }
  }

  private static func request(
    _ method: String, _ target: String, _ headers: [(String, String)], _ body: String?
  ) -> String {
    var text = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
    return text + "\r\n" + (body ?? "")
  }
}

/// An answer as it came.
public struct RawResponse: Sendable, CustomStringConvertible {
  public let status: Int
  public let headers: HTTPFields
  public let body: String

  public init(_ text: String) throws {
    guard let end = text.range(of: "\r\n\r\n") else { throw TestFailure("no head: \(text)") }
    let lines = text[..<end.lowerBound].split(separator: "\r\n")
    guard let first = lines.first, let status = Int(first.split(separator: " ").dropFirst().first ?? "")
    else {
      throw TestFailure("no status: \(text)")
    }
    self.status = status
    var headers = HTTPFields()
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, let name = HTTPField.Name(String(parts[0])) else { continue }
      headers.append(HTTPField(name: name, value: String(parts[1].drop { $0 == " " })))
    }
    self.headers = headers
    body = String(text[end.upperBound...])
  }

  public var description: String { "\(status) \(headers) \(body.prefix(500))" }
}
