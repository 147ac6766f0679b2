#if Client
  import AsyncHTTPClient
  #if canImport(Darwin)
    import Darwin
  #elseif canImport(Musl)
    import Musl
  #else
    import Glibc
  #endif
  public import MPPCore
  import NIOCore
  import NIOHTTP1
  import NIOPosix

  /// JSON-RPC over HTTP with a connection pool.
  public struct AsyncHTTPRPCTransport: RPCTransport {
    private let url: String
    private let answerBytes: Int
    private let sleeper: any Sleeper
    private let takesErrorStatus: Bool
    /// Milliseconds.
    private static let grace: Int64 = 250

    /// One pool of connections for all nodes. A node that redirects is not asked elsewhere: what is sent to it may be signed.
    private static let client: HTTPClient = {
      var configuration = HTTPClient.Configuration.singletonConfiguration
      configuration.redirectConfiguration = .disallow
      // A node that refuses connections is reported at once; what may be repeated is repeated above.
      configuration.connectionPool.retryConnectionEstablishment = false
      return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// - Parameters:
    ///   - url: the node's `http` or `https` address.
    ///   - answerBytes: a longer answer is refused.
    ///   - sleeper: measures the time an answer may take.
    public init(url: String, answerBytes: Int = 4 << 20, sleeper: any Sleeper = TaskSleeper()) {
      self.init(url: url, answerBytes: answerBytes, takesErrorStatus: true, sleeper: sleeper)
    }

    /// - Parameter takesErrorStatus: whether JSON-RPC under another status than 200 is an answer.
    package init(
      url: String, answerBytes: Int, takesErrorStatus: Bool, sleeper: any Sleeper = TaskSleeper()
    ) {
      self.url = url
      self.answerBytes = answerBytes
      self.takesErrorStatus = takesErrorStatus
      self.sleeper = sleeper
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
        let (response, answer) = try await exchange(request, timeoutMilliseconds)
        // Some nodes answer JSON-RPC errors with 4xx; a body that is JSON-RPC says more than the status.
        guard
          response.status == .ok || takesErrorStatus && isJSONObject(answer) && response.status.code < 429
        else { throw refusal(response) }
        return Array(answer.readableBytesView)
      } catch let error as RPCTransportError {
        throw error
      } catch {
        throw Self.map(error)
      }
    }

    /// Head and body within the same time: one that trickles must hold nobody's place. A head that is late is ended by the pool, which
    /// knows then whether the request has left; it goes first.
    private func exchange(
      _ request: HTTPClientRequest, _ milliseconds: Int64
    ) async throws -> (HTTPClientResponse, ByteBuffer) {
      try await sleeper.within(
        milliseconds: milliseconds + Self.grace,
        orThrow: RPCTransportError(.timeout, mayHaveBeenReceived: true)
      ) { [answerBytes] in
        let response = try await Self.client.execute(request, timeout: .milliseconds(milliseconds))
        return (response, try await response.body.collect(upTo: answerBytes))
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
