public import EVM

/// Addresses of precompiles, tokens and contracts (`02` §2.2, §2.3).
public enum TempoAddress {
  public static let channelReserve = constant("0x4d50500000000000000000000000000000000000")
  public static let feeManager = constant("0xfeec000000000000000000000000000000000000")
  public static let dex = constant("0xdec0000000000000000000000000000000000000")
  public static let keychain = constant("0xaaaaaaaa00000000000000000000000000000000")
  public static let nonceManager = constant("0x4e4f4e4345000000000000000000000000000000")
  public static let signatureVerifier = constant("0x5165300000000000000000000000000000000000")
  public static let tip20Factory = constant("0x20fc000000000000000000000000000000000000")
  public static let tip403Registry = constant("0x403c000000000000000000000000000000000000")
  public static let addressRegistry = constant("0xfdc0000000000000000000000000000000000000")
  /// Holds transfers that a recipient's receive policy has blocked: a transfer to it is not a payment.
  public static let receivePolicyGuard = constant("0xb10c000000000000000000000000000000000000")
  public static let storageCredits = constant("0x1060000000000000000000000000000000000000")
  public static let validatorConfig = constant("0xcccccccc00000000000000000000000000000000")
  public static let validatorConfigV2 = constant("0xcccccccc00000000000000000000000000000001")
  public static let accountImplementation = constant("0x7702c00000000000000000000000000000000000")
  public static let accountRegistrar = constant("0x7702ac0000000000000000000000000000000000")
  public static let zoneOutbox = constant("0x1c00000000000000000000000000000000000002")
  public static let multicall3 = constant("0xca11bde05977b3631167028862be2a173976ca11")
  public static let legacyEscrowMainnet = constant("0x33b901018174ddabe4841042ab76ba85d4e24f25")
  public static let legacyEscrowModerato = constant("0xe1c4d3dce17bc111181ddf716f75bae49e61a336")
  public static let machineRouter = constant("0xd588ed9ae08643a450157adaf61c3c0c1bbd0dbb")

  public static let pathUSD = constant("0x20c0000000000000000000000000000000000000")
  public static let alphaUSD = constant("0x20c0000000000000000000000000000000000001")
  public static let betaUSD = constant("0x20c0000000000000000000000000000000000002")
  public static let thetaUSD = constant("0x20c0000000000000000000000000000000000003")
  public static let usdcE = constant("0x20c000000000000000000000b9537d11c60e8b50")
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
