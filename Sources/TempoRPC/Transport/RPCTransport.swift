/// Carries one JSON-RPC request body to a node and brings its answer back.
///
/// An implementation makes exactly one attempt: retries belong to `ChainClient`, which knows what may be
/// repeated. It must not return more than its configured number of bytes.
public protocol RPCTransport: Sendable {
  /// Sends `body` and returns the whole answer.
  /// - Parameter timeoutMilliseconds: the attempt is given up after this time with code `.timeout`.
  /// - Throws: an error that says whether the node may have received the request.
  func send(_ body: [UInt8], timeoutMilliseconds: Int64) async throws(RPCTransportError) -> [UInt8]
}
