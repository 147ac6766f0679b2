import EVM
public import MPPServer
public import Tempo
import TempoRPC

/// A Tempo chain and the node it is reached through.
public struct TempoNetwork: Sendable, Hashable {
  /// The chain that challenges name and signatures are checked for.
  public var chainID: UInt64
  /// Address of the node's JSON-RPC.
  public var rpc: String

  /// Checks nothing. A server asks the node for its chain before it believes anything it says.
  public init(chainID: UInt64, rpc: String) {
    self.chainID = chainID
    self.rpc = rpc
  }

  /// Real money, through the network's public node.
  public static let mainnet = TempoNetwork(chainID: TempoChain.mainnet, rpc: "https://rpc.tempo.xyz")
  /// The public test network.
  public static let moderato = TempoNetwork(
    chainID: TempoChain.moderato, rpc: "https://rpc.moderato.tempo.xyz")
  /// A local `mpp devnet`.
  public static func devnet(_ rpc: String, chainID: UInt64 = TempoChain.moderato) -> TempoNetwork {
    TempoNetwork(chainID: chainID, rpc: rpc)
  }
}

#if Client
  extension PaymentMethod {
    /// Tempo sessions and charges paid to the account of a private key that is read when the server starts.
    ///
    /// - Parameter signer: where the key is, as `0x` and 64 hexadecimal digits; for example
    ///   `.environment("MPP_PRIVATE_KEY")`. It must have funds for the fees of settlement and close.
    /// - Parameter feePayer: the key of an account that pays the fees of its customers' charges, within the standard limits; nil: they
    ///   pay their own.
    /// - Parameter bootstrap: whether payers may find their channels again with `HEAD`.
    public static func tempo(
      signer: SecretSource, network: TempoNetwork, currency: String? = nil,
      settlement: SettlementSchedule? = nil, feePayer: SecretSource? = nil,
      bootstrap: SessionBootstrap = .off
    ) -> PaymentMethod {
      tempo(signer, network, currency, settlement, bootstrap) {
        if let feePayer { FeePayerOptions(signer: try await key(feePayer)) } else { nil }
      }
    }

    /// As ``tempo(signer:network:currency:settlement:feePayer:bootstrap:)``, with the fees of charges paid by a host:
    /// `feePayer: .url("https://sponsor.example.com")`.
    public static func tempo(
      signer: SecretSource, network: TempoNetwork, currency: String? = nil,
      settlement: SettlementSchedule? = nil, feePayer: FeePayerHost, bootstrap: SessionBootstrap = .off
    ) -> PaymentMethod {
      tempo(signer, network, currency, settlement, bootstrap) { FeePayerOptions(host: feePayer) }
    }

    private static func tempo(
      _ signer: SecretSource, _ network: TempoNetwork, _ currency: String?, _ settlement: SettlementSchedule?,
      _ bootstrap: SessionBootstrap, _ sponsor: @escaping @Sendable () async throws -> FeePayerOptions?
    ) -> PaymentMethod {
      PaymentMethod { environment in
        var options = TempoSessionOptions(
          signer: try await key(signer), transport: AsyncHTTPRPCTransport(url: network.rpc),
          chainID: network.chainID)
        options.currency = currency
        options.settlement = settlement
        options.bootstrap = bootstrap
        return try await PaymentMethod.tempo(sessions: options, feePayer: try await sponsor())
          .build(environment)
      }
    }

    private static func key(_ source: SecretSource) async throws -> LocalSigner {
      let keys = try await source.load()
      guard keys.count == 1, let key = try? Secp256k1PrivateKey(hex: keys[0]) else {
        throw ConfigurationError(.secret, "\(source) does not hold one private key (0x and 64 digits)")
      }
      return LocalSigner(key: key)
    }
  }
#endif
