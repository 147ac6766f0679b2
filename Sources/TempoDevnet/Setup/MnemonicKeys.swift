import Crypto
import EVM

/// Keys derived from the words of a wallet, BIP-39 seed and BIP-32 path. The words are not checked against a list:
/// whatever they are, wallets derive the same from them.
struct MnemonicKeys: Sendable {
  enum Failure: Error, Hashable {
    /// Wallets normalise other characters before they derive.
    case notASCII
    /// Happens to one seed in 2^127.
    case unusable
  }

  private struct Node {
    var key: UInt256
    var chainCode: [UInt8]
  }

  private let master: Node

  init(mnemonic: String) throws(Failure) {
    guard mnemonic.utf8.allSatisfy({ $0 < 0x80 }) else { throw .notASCII }
    let seed = Self.stretched(Array(mnemonic.utf8), salt: Array("mnemonic".utf8))
    let (left, right) = Self.halves(key: Array("Bitcoin seed".utf8), seed)
    guard !left.isZero, left < Self.order else { throw .unusable }
    master = Node(key: left, chainCode: right)
  }

  /// `m/44'/60'/account'/0/address` as `0x` and 64 digits.
  func privateKey(account: UInt32, address: UInt32) throws(Failure) -> String {
    let hardened: UInt32 = 0x8000_0000
    var node = master
    for index in [hardened + 44, hardened + 60, hardened + account, 0, address] {
      node = try Self.child(of: node, index)
    }
    return node.key.word.hex
  }

  private static let order = UInt256(Secp256k1.order)

  private static func child(of parent: Node, _ index: UInt32) throws(Failure) -> Node {
    var data: [UInt8]
    if index >> 31 == 1 {
      data = [0] + parent.key.bytes32
    } else {
      data = try publicKey(of: parent.key)
    }
    for shift: UInt32 in [24, 16, 8, 0] { data.append(UInt8(truncatingIfNeeded: index >> shift)) }
    let (left, right) = halves(key: parent.chainCode, data)
    guard left < order else { throw .unusable }
    // Both are below the order, so the sum is below twice the order.
    let (sum, carry) = left.addingReportingOverflow(parent.key)
    let key = carry || sum >= order ? sum.subtractingReportingOverflow(order).partialValue : sum
    guard !key.isZero else { throw .unusable }
    return Node(key: key, chainCode: right)
  }

  /// The compressed form.
  private static func publicKey(of key: UInt256) throws(Failure) -> [UInt8] {
    do {
      return try Secp256k1PrivateKey(key.bytes32).publicKey.compressed
    } catch {
      throw .unusable
    }
  }

  private static func halves(key: [UInt8], _ data: [UInt8]) -> (UInt256, [UInt8]) {
    let code = Array(HMAC<SHA512>.authenticationCode(for: data, using: SymmetricKey(data: key)))
    do { return (try UInt256(bigEndian: code[..<32]), Array(code[32...])) } catch { return (.zero, []) }
  }

  /// PBKDF2 with HMAC-SHA-512, 2,048 rounds, one block.
  private static func stretched(_ password: [UInt8], salt: [UInt8]) -> [UInt8] {
    let key = SymmetricKey(data: password)
    var block = Array(HMAC<SHA512>.authenticationCode(for: salt + [0, 0, 0, 1], using: key))
    var result = block
    for _ in 1..<2_048 {
      block = Array(HMAC<SHA512>.authenticationCode(for: block, using: key))
      for index in result.indices { result[index] ^= block[index] }
    }
    return result
  }
}
