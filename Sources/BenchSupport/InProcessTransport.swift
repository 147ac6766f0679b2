package import TempoDevnet
package import TempoRPC

/// The way to the embedded chain of the same process.
package struct InProcessTransport: RPCTransport {
  let devnet: Devnet

  package init(devnet: Devnet) { self.devnet = devnet }

  package func send(
    _ body: [UInt8], timeoutMilliseconds: Int64
  ) async throws(RPCTransportError) -> [UInt8] {
    await devnet.handle(body)
  }
}
