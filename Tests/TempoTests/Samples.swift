import EVM
import Tempo

/// Keys, addresses and a transaction that the rule tests start from.
enum Samples {
  static func key(_ byte: UInt8) throws -> Secp256k1PrivateKey {
    try Secp256k1PrivateKey([UInt8](repeating: byte, count: 32))
  }

  static let memo = UInt256(UInt64(7)).word

  static func transaction() throws -> TempoTransaction {
    let data = try TIP20ABI.transferWithMemoCalldata(
      to: try key(3).address, amount: 1_000_000, memo: memo)
    return TempoTransaction(
      chainID: TempoChain.moderato, maxFeePerGas: 24_000_000_000, gas: 600_000,
      calls: [Call(to: TempoAddress.pathUSD, data: data)], nonceKey: ExpiringNonce.key,
      validBefore: 1_780_000_025, validAfter: 1_234_567_890, feeToken: TempoAddress.pathUSD)
  }

  static func descriptor() throws -> ChannelDescriptor {
    ChannelDescriptor(
      payer: try key(1).address, payee: try key(3).address, operator: .zero, token: TempoAddress.pathUSD,
      salt: memo, authorizedSigner: .zero, expiringNonceHash: memo)
  }

  /// The items of a signed transaction, to be spoilt one at a time.
  static func items(_ signed: SignedTempoTransaction) throws -> [RLPItem] {
    try RLP.decode(signed.serialized.dropFirst()).list()
  }

  static func bytes(_ items: [RLPItem], type: UInt8 = 0x76) -> [UInt8] { [type] + RLP.encode(.list(items)) }
}
