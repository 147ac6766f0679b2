#if Client
  import AsyncHTTPClient
  #if canImport(Darwin)
    import Darwin
  #elseif canImport(Musl)
    import Musl
  #else
    import Glibc
  #endif
  import NIOCore
  import NIOHTTP1
  import NIOPosix

  /// JSON-RPC over HTTP with a connection pool.
  public struct AsyncHTTPRPCTransport: RPCTransport {
    private let url: String
    private let client: HTTPClient
    private let answerBytes: Int

    /// - Parameters:
    ///   - url: the node's `http` or `https` address.
    ///   - answerBytes: a longer answer is refused.
    public init(url: String, answerBytes: Int = 4 << 20) {
      self.url = url
      self.answerBytes = answerBytes
      client = .shared
    }

    /// Posts `body` once; see ``RPCTransport/send(_:timeoutMilliseconds:)``. `Retry-After` is believed up to
    /// 60 seconds.
    public func send(
      _ body: [UInt8], timeoutMilliseconds: Int64
    ) async throws(RPCTransportError) -> [UInt8] {
      var request = HTTPClientRequest(url: url)
      request.method = .POST
      request.headers.add(name: "content-type", value: "application/json")
      request.body = .bytes(body)
      do {
        let response = try await client.execute(request, timeout: .milliseconds(timeoutMilliseconds))
        let answer = try await response.body.collect(upTo: answerBytes)
        // Some nodes answer JSON-RPC errors with 4xx; a body that is JSON-RPC says more than the status.
        guard response.status == .ok || isJSONObject(answer) && response.status.code < 429 else {
          throw refusal(response)
        }
        return Array(answer.readableBytesView)
      } catch let error as RPCTransportError {
        throw error
      } catch {
        throw Self.map(error)
      }
    }

    private func isJSONObject(_ answer: ByteBuffer) -> Bool {
      answer.readableBytesView.first == UInt8(ascii: "{")
    }

    private func refusal(_ response: HTTPClientResponse) -> RPCTransportError {
      let status = Int(response.status.code)
      let seconds = response.headers.first(name: "retry-after").flatMap { Int64($0) }
      if status == 429 {
        return RPCTransportError(
          .rateLimited, mayHaveBeenReceived: false, status: status,
          retryAfterMilliseconds: seconds.map { min(max($0, 0), 60) * 1_000 })
      }
      return RPCTransportError(
        .httpStatus, mayHaveBeenReceived: status >= 500 || status == 408, message: "status \(status)",
        status: status)
    }

    /// Whether no connection came about.
    private static func isRefused(_ error: any Error) -> Bool {
      if error is NIOConnectionError { return true }
      guard let error = error as? IOError else { return false }
      return [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL].contains(error.errnoCode)
    }

    private static func map(_ error: any Error) -> RPCTransportError {
      if error is CancellationError {
        return RPCTransportError(.cancelled, mayHaveBeenReceived: true)
      }
      if error is NIOTooManyBytesError {
        return RPCTransportError(.answerTooLarge, mayHaveBeenReceived: true)
      }
      if isRefused(error) {
        return RPCTransportError(.connectionFailed, mayHaveBeenReceived: false, message: "no connection")
      }
      switch error as? HTTPClientError {
      case .cancelled?: return RPCTransportError(.cancelled, mayHaveBeenReceived: true)
      case .connectTimeout?, .getConnectionFromPoolTimeout?:
        return RPCTransportError(.connectionFailed, mayHaveBeenReceived: false, message: "no connection")
      case .deadlineExceeded?, .readTimeout?:
        return RPCTransportError(.timeout, mayHaveBeenReceived: true)
      case let known?:
        return RPCTransportError(
          .connectionLost, mayHaveBeenReceived: true, message: known.shortDescription)
      case nil:
        return RPCTransportError(
          .connectionLost, mayHaveBeenReceived: true, message: "\(type(of: error))")
      }
    }
  }
#endif
