import BenchSupport
import EVM
import MPPTempo
import Synchronization

/// Signature checks of vouchers, with the digest at hand and the signer's key known: what a paid request cannot do without.
///
/// They run where paid requests run, between the same other work: alone in a loop, with everything in the processor's caches, they
/// would look cheaper than they are.
final class SignatureChecks: Sendable {
  private let vouchers: [(digest: Hash32, signature: [UInt8])]
  private let key: Secp256k1PublicKey
  private let position = Atomic<Int>(0)

  init(_ channel: BenchChannel, count: Int = 512) throws {
    key = channel.key.publicKey
    vouchers = try (1...count).map { index in
      // Amounts that no request of a scenario has.
      let amount = UInt128(index) << 60
      return (try channel.digest(amount), try channel.signature(amount))
    }
  }

  /// Checks the next one.
  func check() throws {
    let index = position.wrappingAdd(1, ordering: .relaxed).oldValue
    let voucher = vouchers[index % vouchers.count]
    try VoucherVerifier.verify(
      signature: voucher.signature, digest: voucher.digest, signer: key.address, cachedKey: key)
  }
}
