import EVM

/// The addresses this chain gives a meaning to, in its own spelling: a slip in the SDK's table must not go
/// unnoticed here. A test compares the two.
enum Addresses {
  /// ASCII `MPP`.
  static let reserve = Address(high: 0x4d50_5000_0000_0000, middle: 0, low: 0)
  static let feeManager = Address(high: 0xfeec_0000_0000_0000, middle: 0, low: 0)
  static let dex = Address(high: 0xdec0_0000_0000_0000, middle: 0, low: 0)
  static let keychain = Address(high: 0xaaaa_aaaa_0000_0000, middle: 0, low: 0)
  /// ASCII `NONCE`.
  static let nonceManager = Address(high: 0x4e4f_4e43_4500_0000, middle: 0, low: 0)
  static let signatureVerifier = Address(high: 0x5165_3000_0000_0000, middle: 0, low: 0)
  static let tip20Factory = Address(high: 0x20fc_0000_0000_0000, middle: 0, low: 0)
  static let tip403Registry = Address(high: 0x403c_0000_0000_0000, middle: 0, low: 0)
  static let addressRegistry = Address(high: 0xfdc0_0000_0000_0000, middle: 0, low: 0)
  static let receiveGuard = Address(high: 0xb10c_0000_0000_0000, middle: 0, low: 0)
  static let storageCredits = Address(high: 0x1060_0000_0000_0000, middle: 0, low: 0)
  static let validatorConfigs = [0, 1].map { number in
    Address(high: 0xcccc_cccc_0000_0000, middle: 0, low: number)
  }
  static let multicall3 = Address(
    high: 0xca11_bde0_5977_b363, middle: 0x1167_0288_62be_2a17, low: 0x3976_ca11)

  /// The v1 stream contracts of mainnet and of the test network; here on every chain.
  static let legacyEscrows = [
    Address(high: 0x33b9_0101_8174_ddab, middle: 0xe484_1042_ab76_ba85, low: 0xd4e2_4f25),
    Address(high: 0xe1c4_d3dc_e17b_c111, middle: 0x181d_df71_6f75_bae4, low: 0x9e61_a336),
  ]

  static let pathUSD = token(0)
  static let alphaUSD = token(1)
  static let betaUSD = token(2)
  static let thetaUSD = token(3)
  static let usdc = Address(high: 0x20c0_0000_0000_0000, middle: 0x0000_0000_b953_7d11, low: 0xc60e_8b50)

  /// Precompiles that have code (`0xef`) and no functions here.
  static let precompilesWithoutFunctions = Set(
    [tip20Factory, tip403Registry, addressRegistry, receiveGuard, storageCredits] + validatorConfigs)

  private static func token(_ number: UInt32) -> Address {
    Address(high: 0x20c0_0000_0000_0000, middle: 0, low: number)
  }
}

extension Address {
  /// Whether the address lies in the range of TIP-20 tokens, whether or not a token is there.
  var hasTokenPrefix: Bool { high == 0x20c0_0000_0000_0000 && middle >> 32 == 0 }

  /// Whether the address stands for an account that has registered as its master (TIP-1022): ten bytes `fd` after the first four.
  var isVirtual: Bool { high & 0xffff_ffff == 0xfdfd_fdfd && middle >> 16 == 0xfdfd_fdfd_fdfd }
}
