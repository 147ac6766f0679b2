import EVM
import Synchronization

/// Public keys of voucher signers, found when their first voucher was verified. A signature check with a
/// known key costs less than a recovery.
final class SignerKeys: Sendable {
  private let keys = Mutex<[Address: Secp256k1PublicKey]>([:])
  private let capacity: Int

  init(capacity: Int = 100_000) { self.capacity = capacity }

  func key(of address: Address) -> Secp256k1PublicKey? { keys.withLock { $0[address] } }

  func remember(_ key: Secp256k1PublicKey) {
    keys.withLock { keys in
      if keys.count >= capacity { keys.removeAll() }
      keys[key.address] = key
    }
  }
}
