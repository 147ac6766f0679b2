#if Client
  import AsyncHTTPClient
  import NIOCore
  import NIOHTTP1

  /// JSON-RPC to a host that is not trusted: nothing is redirected, and an exchange ends in time to its last byte.
  package struct HostHTTPTransport: RPCTransport {
    private let url: String
    private let answerBytes: Int

    /// For the life of the process, as `HTTPClient.shared`, which follows redirects.
    private static let client: HTTPClient = {
      var configuration = HTTPClient.Configuration()
      configuration.redirectConfiguration = .disallow
      configuration.decompression = .disabled
      // A host that refuses connections is reported at once.
      configuration.connectionPool.retryConnectionEstablishment = false
      return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// - Parameter answerBytes: a longer answer is refused.
    package init(url: String, answerBytes: Int) {
      self.url = url
      self.answerBytes = answerBytes
    }

    package func send(
      _ body: [UInt8], timeoutMilliseconds: Int64
    ) async throws(RPCTransportError) -> [UInt8] {
      do {
        return try await withThrowingTaskGroup(of: [UInt8].self) { group in
          defer { group.cancelAll() }
          group.addTask { try await exchange(body, timeoutMilliseconds) }
          // The client's own time limit ends with the head of the answer.
          group.addTask {
            try await Task.sleep(for: .milliseconds(timeoutMilliseconds))
            throw RPCTransportError(.timeout, mayHaveBeenReceived: true)
          }
          guard let answer = try await group.next() else {
            throw RPCTransportError(.cancelled, mayHaveBeenReceived: true)
          }
          return answer
        }
      } catch let error as RPCTransportError {
        throw error
      } catch {
        throw AsyncHTTPRPCTransport.map(error)
      }
    }

    private func exchange(_ body: [UInt8], _ timeoutMilliseconds: Int64) async throws -> [UInt8] {
      var request = HTTPClientRequest(url: url)
      request.method = .POST
      request.headers.add(name: "content-type", value: "application/json")
      request.body = .bytes(body)
      let response = try await Self.client.execute(request, timeout: .milliseconds(timeoutMilliseconds))
      guard response.status == .ok else {
        let status = Int(response.status.code)
        throw RPCTransportError(
          status == 429 ? .rateLimited : .httpStatus, mayHaveBeenReceived: true, status: status)
      }
      return Array(try await response.body.collect(upTo: answerBytes).readableBytesView)
    }
  }
#endif
