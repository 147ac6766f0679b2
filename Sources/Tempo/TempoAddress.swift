public import EVM

/// Addresses of precompiles, tokens and contracts (`02` §2.2, §2.3).
public enum TempoAddress {
  /// Holds the deposits of v2 sessions; ASCII `MPP` and zeros.
  public static let channelReserve = constant("0x4d50500000000000000000000000000000000000")
  /// Takes every fee: a transfer to it is a fee and not a payment.
  public static let feeManager = constant("0xfeec000000000000000000000000000000000000")
  /// The stablecoin exchange.
  public static let dex = constant("0xdec0000000000000000000000000000000000000")
  /// Keeps the access keys of accounts.
  public static let keychain = constant("0xaaaaaaaa00000000000000000000000000000000")
  /// Counts the nonces of keys other than zero.
  public static let nonceManager = constant("0x4e4f4e4345000000000000000000000000000000")
  /// Verifies signatures of every kind (TIP-1020).
  public static let signatureVerifier = constant("0x5165300000000000000000000000000000000000")
  /// Creates tokens.
  public static let tip20Factory = constant("0x20fc000000000000000000000000000000000000")
  /// Keeps transfer policies.
  public static let tip403Registry = constant("0x403c000000000000000000000000000000000000")
  /// Resolves virtual addresses to their accounts.
  public static let addressRegistry = constant("0xfdc0000000000000000000000000000000000000")
  /// Holds transfers that a recipient's receive policy has blocked: a transfer to it is not a payment.
  public static let receivePolicyGuard = constant("0xb10c000000000000000000000000000000000000")
  /// Gas credits for storage that was given back.
  public static let storageCredits = constant("0x1060000000000000000000000000000000000000")
  /// Configuration of the validators, first form.
  public static let validatorConfig = constant("0xcccccccc00000000000000000000000000000000")
  /// Configuration of the validators, second form.
  public static let validatorConfigV2 = constant("0xcccccccc00000000000000000000000000000001")
  /// The code that accounts delegate to, in `0xef0100 ‖ address` of `eth_getCode`.
  public static let accountImplementation = constant("0x7702c00000000000000000000000000000000000")
  /// Registrar of account delegations; nothing here calls it.
  public static let accountRegistrar = constant("0x7702ac0000000000000000000000000000000000")
  /// Outbox of zones; nothing here calls it.
  public static let zoneOutbox = constant("0x1c00000000000000000000000000000000000002")
  /// Batched reads; this library sends JSON-RPC batches instead.
  public static let multicall3 = constant("0xca11bde05977b3631167028862be2a173976ca11")
  /// Holds the deposits of v1 sessions on mainnet.
  public static let legacyEscrowMainnet = constant("0x33b901018174ddabe4841042ab76ba85d4e24f25")
  /// Holds the deposits of v1 sessions on Moderato.
  public static let legacyEscrowModerato = constant("0xe1c4d3dce17bc111181ddf716f75bae49e61a336")
  /// Converts the machine token, on mainnet and Moderato.
  public static let machineRouter = constant("0xd588ed9ae08643a450157adaf61c3c0c1bbd0dbb")

  /// On every network; the default currency outside mainnet.
  public static let pathUSD = constant("0x20c0000000000000000000000000000000000000")
  /// Test money: testnets and localnets only.
  public static let alphaUSD = constant("0x20c0000000000000000000000000000000000001")
  /// Test money: testnets and localnets only.
  public static let betaUSD = constant("0x20c0000000000000000000000000000000000002")
  /// Test money: testnets and localnets only.
  public static let thetaUSD = constant("0x20c0000000000000000000000000000000000003")
  /// The default currency on mainnet.
  public static let usdcE = constant("0x20c000000000000000000000b9537d11c60e8b50")
  /// On mainnet and Moderato.
  public static let machineToken = constant("0x20c0000000000000000000006637932de5413804")

  /// Whether an address lies in the range of TIP-20 tokens: a prefix test, nothing is asked of the chain.
  public static func isTIP20(_ address: Address) -> Bool {
    address.bytes.prefix(12).elementsEqual([0x20, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  }

  /// A misspelt constant becomes the zero address; `everyAddressConstantParses` fails then.
  private static func constant(_ hex: String) -> Address {
    do { return try Address(hex: hex) } catch { return .zero }
  }
}
