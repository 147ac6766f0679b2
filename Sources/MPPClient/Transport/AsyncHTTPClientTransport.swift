#if Client
  import AsyncHTTPClient
  public import HTTPTypes
  import NIOCore
  import NIOHTTP1
  import NIOPosix

  /// `HTTPTransport` over AsyncHTTPClient: pooled connections, no redirects, no decompression.
  public final class AsyncHTTPClientTransport: HTTPTransport {
    private let client: HTTPClient

    /// - Parameters:
    ///   - connectionsPerHost: how many requests to one host travel at once; further ones wait.
    ///   - idleTimeout: how long nothing may arrive on a connection that something is expected on; streams with longer silences need
    ///     a higher one.
    public init(
      connectionsPerHost: Int = 64, connectTimeout: Duration = .seconds(10),
      idleTimeout: Duration = .seconds(300)
    ) {
      var configuration = HTTPClient.Configuration()
      configuration.redirectConfiguration = .disallow
      configuration.decompression = .disabled
      configuration.timeout.connect = connectTimeout.timeAmount
      configuration.timeout.read = idleTimeout.timeAmount
      configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionsPerHost
      // A server that refuses connections is reported at once, not after ten seconds of trying.
      configuration.connectionPool.retryConnectionEstablishment = false
      client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// - Parameter timeout: until the head of the answer.
    /// - Throws: `notSent` when no connection came to be, `cancelled`, and `ambiguous` for everything else.
    public func send(
      _ request: HTTPRequest, body: [UInt8]?, timeout: Duration
    ) async throws(HTTPTransportError) -> HTTPTransportResponse {
      try await send(request, body.map { .bytes(ByteBuffer(bytes: $0)) }, timeout)
    }

    /// Sends the body as it is produced, chunked unless its length is known.
    ///
    /// - Parameter timeout: until the head of the answer.
    /// - Throws: as the other `send`; `notSent` also for a body that cannot be read a second time.
    public func send(
      _ request: HTTPRequest, stream: RequestStream, timeout: Duration
    ) async throws(HTTPTransportError) -> HTTPTransportResponse {
      let chunks: RequestStream.Chunks
      do { chunks = try stream.chunks() } catch {
        throw HTTPTransportError(.notSent, "the body could not be read: \(error)")
      }
      let body = HTTPClientRequest.Body.stream(
        chunks.map { ByteBuffer(bytes: $0) }, length: stream.length.map { .known(Int64($0)) } ?? .unknown)
      return try await send(request, body, timeout)
    }

    private func send(
      _ request: HTTPRequest, _ body: HTTPClientRequest.Body?, _ timeout: Duration
    ) async throws(HTTPTransportError) -> HTTPTransportResponse {
      guard let scheme = request.scheme, let authority = request.authority, let path = request.path else {
        throw HTTPTransportError(.notSent, "incomplete request")
      }
      var outgoing = HTTPClientRequest(url: "\(scheme)://\(authority)\(path)")
      outgoing.method = .init(rawValue: request.method.rawValue)
      for field in request.headerFields {
        outgoing.headers.add(name: field.name.rawName, value: field.value)
      }
      outgoing.body = body
      do {
        let response = try await client.execute(outgoing, timeout: timeout.timeAmount)
        var head = HTTPResponse(status: .init(code: Int(response.status.code)))
        for (name, value) in response.headers {
          if let name = HTTPField.Name(name) { head.headerFields.append(HTTPField(name: name, value: value)) }
        }
        let chunks = response.body
        return HTTPTransportResponse(
          head: head, body: ResponseBody(chunks.map { Array($0.readableBytesView) }))
      } catch is CancellationError {
        throw HTTPTransportError(.cancelled, "cancelled")
      } catch let error as HTTPClientError {
        let unsent: [HTTPClientError] = [
          .connectTimeout, .getConnectionFromPoolTimeout, .invalidURL, .alreadyShutdown, .emptyHost,
          .emptyScheme,
        ]
        if error == .cancelled { throw HTTPTransportError(.cancelled, "cancelled") }
        throw HTTPTransportError(unsent.contains(error) ? .notSent : .ambiguous, "\(error)")
      } catch let error as NIOConnectionError {
        throw HTTPTransportError(.notSent, "no connection to \(error.host):\(error.port)")
      } catch {
        throw HTTPTransportError(.ambiguous, "\(error)")
      }
    }

    /// Shuts down a transport that was never used: nothing has to be waited for.
    func abandon() {
      do { try client.syncShutdown() } catch { return }
    }

    /// Ends requests under way and closes all connections; an error doing so is dropped. Later requests are
    /// `notSent`.
    public func shutdown() async {
      do {
        try await client.shutdown()
      } catch {
        // Already shut down, or connections that would not close: the process's end closes them.
        return
      }
    }
  }

  extension Duration {
    fileprivate var timeAmount: TimeAmount {
      let (seconds, attoseconds) = components
      let nanoseconds = seconds.multipliedReportingOverflow(by: 1_000_000_000)
      return .nanoseconds(
        nanoseconds.overflow ? .max : nanoseconds.partialValue &+ attoseconds / 1_000_000_000)
    }
  }
#endif
