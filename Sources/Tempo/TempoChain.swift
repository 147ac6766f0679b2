public import EVM

/// Chain ids and per-chain defaults of the public Tempo networks (`02` §2.1, §2.2).
public enum TempoChain {
  /// Real money.
  public static let mainnet: UInt64 = 4217
  /// The public testnet, called Moderato.
  public static let moderato: UInt64 = 42431
  /// A node on this machine, or the embedded chain.
  public static let localnet: UInt64 = 1337
  /// The public development network.
  public static let publicDevnet: UInt64 = 31318

  /// Seconds a transaction with an expiring nonce may be valid ahead of the block that includes it (`02`
  /// §5.5).
  public static let expiringNonceWindow: UInt64 = 30

  /// The token a payment is made in when nobody names one: USDC.e on mainnet, pathUSD everywhere else.
  public static func defaultCurrency(chainID: UInt64) -> Address {
    chainID == mainnet ? TempoAddress.usdcE : TempoAddress.pathUSD
  }

  /// The public HTTP endpoint of a known network.
  public static func defaultRPC(chainID: UInt64) -> String? {
    switch chainID {
    case mainnet: "https://rpc.tempo.xyz"
    case moderato: "https://rpc.moderato.tempo.xyz"
    case publicDevnet: "https://rpc.devnet.tempoxyz.dev"
    case localnet: "http://localhost:8545"
    default: nil
    }
  }

  /// The contract of v1 sessions on the networks that have one (`02` §12).
  public static func legacyEscrow(chainID: UInt64) -> Address? {
    switch chainID {
    case mainnet: TempoAddress.legacyEscrowMainnet
    case moderato: TempoAddress.legacyEscrowModerato
    default: nil
    }
  }
}
