import MPPCore
import Tempo
public import TempoRPC

/// The chain a client pays on, and the node it asks. Challenges for another chain are not payable (T13).
public struct TempoNetwork: Sendable {
  /// The node is asked once, and must be on this chain; nil: on whichever it is.
  package let chainID: UInt64?
  package let makeTransport: @Sendable () throws -> any RPCTransport

  #if Client
    /// Real money, through the network's public node.
    public static var mainnet: TempoNetwork { known(TempoChain.mainnet) }
    /// The public test network, through its public node.
    public static var moderato: TempoNetwork { known(TempoChain.moderato) }

    /// Any node.
    /// - Parameter chainID: the chain the node must be on; nil: whichever it says, so the node decides what
    ///   is paid on.
    public static func rpc(_ url: String, chainID: UInt64? = nil) -> TempoNetwork {
      TempoNetwork(chainID: chainID) { AsyncHTTPRPCTransport(url: url) }
    }

    private static func known(_ chainID: UInt64) -> TempoNetwork {
      TempoNetwork(chainID: chainID) {
        guard let url = TempoChain.defaultRPC(chainID: chainID) else {
          throw ChainError(.unavailable, "no node is known for chain \(chainID)")
        }
        return AsyncHTTPRPCTransport(url: url)
      }
    }
  #endif

  /// A node in this process, or over a transport of your own.
  public static func transport(_ transport: any RPCTransport, chainID: UInt64? = nil) -> TempoNetwork {
    TempoNetwork(chainID: chainID) { transport }
  }
}
