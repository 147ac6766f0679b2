public import TempoDevnet
public import TempoRPC

/// Carries requests to an embedded chain without a socket; faults of the chain become transport errors.
public struct DevnetTransport: RPCTransport {
  private let devnet: Devnet
  private let path: String

  /// - Parameters:
  ///   - devnet: may be shared by server, client and test.
  ///   - path: of the request; at `DevnetSponsorPolicy.path` the chain has a hosted fee payer.
  public init(_ devnet: Devnet, path: String = "/") {
    self.devnet = devnet
    self.path = path
  }

  /// A delay of a fault that is longer than the timeout is not waited for.
  public func send(
    _ body: [UInt8], timeoutMilliseconds: Int64
  ) async throws(RPCTransportError) -> [UInt8] {
    var reply = devnet.answer(body, path: path)
    var waited: Int64 = 0
    while true {
      waited += Int64(reply.delayMilliseconds)
      guard reply.delayMilliseconds == 0 || waited < timeoutMilliseconds else {
        throw RPCTransportError(.timeout, mayHaveBeenReceived: true)
      }
      if reply.delayMilliseconds > 0 {
        do {
          try await Task.sleep(for: .milliseconds(reply.delayMilliseconds))
        } catch {
          throw RPCTransportError(.cancelled, mayHaveBeenReceived: true)
        }
      }
      guard let next = devnet.continuation(of: reply) else { break }
      reply = next
    }
    switch reply.outcome {
    case .closed: throw RPCTransportError(.connectionLost, mayHaveBeenReceived: true)
    case .answer(429, _, let retryAfter):
      throw RPCTransportError(
        .rateLimited, mayHaveBeenReceived: false, status: 429,
        retryAfterMilliseconds: retryAfter.map { Int64($0) * 1_000 })
    case .answer(let status, _, _) where status > 429:
      throw RPCTransportError(.httpStatus, mayHaveBeenReceived: status >= 500, status: status)
    case .answer(_, let body, _): return body
    }
  }
}
