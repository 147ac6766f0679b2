import TempoRPC

/// Stands for a node where none is asked.
struct NoNode: RPCTransport {
  func send(_ body: [UInt8], timeoutMilliseconds: Int64) async throws(RPCTransportError) -> [UInt8] {
    throw RPCTransportError(.connectionFailed, mayHaveBeenReceived: false, message: "no node was named")
  }
}
