import TempoDevnet
import TempoRPC

/// The way to the embedded chain of the same process.
struct InProcessTransport: RPCTransport {
  let devnet: Devnet

  func send(
    _ body: [UInt8], timeoutMilliseconds: Int64
  ) async throws(RPCTransportError) -> [UInt8] {
    await devnet.handle(body)
  }
}
