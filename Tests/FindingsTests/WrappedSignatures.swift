import EVM
import Tempo

/// Signatures of access keys in their wrapper, right and wrong. They are for transactions; no voucher has one.
enum WrappedSignatures {
  /// - Parameters:
  ///   - account: the account that the wrapper names.
  ///   - primitives: entries of the keys that the account has authorized.
  static func entries(_ account: Address, _ primitives: [SignatureTable.Entry]) -> [SignatureTable.Entry] {
    // Whatever a key can get wrong it can get wrong inside the wrapper.
    let inner = primitives.filter { !$0.isForeign }.map { primitive in
      SignatureTable.Entry(
        name: "keychain of \(primitive.name)", signer: account,
        verdict: primitive.verdict, domain: primitive.domain
      ) { digest in
        let bound = KeychainSignature.innerDigest(digest, account: account)
        return [0x04] + account.bytes + (try primitive.make(bound))
      }
    }
    return inner + primitives.filter { $0.verdict == .valid }.flatMap { wrong(account, $0) }
  }

  private static func wrong(
    _ account: Address, _ primitive: SignatureTable.Entry
  ) -> [SignatureTable.Entry] {
    typealias Change = @Sendable (Hash32, [UInt8]) throws -> [UInt8]
    let changes: [(String, Change)] = [
      ("version 1", { digest, _ in [0x03] + account.bytes + (try primitive.make(digest)) }),
      ("version 1 over the digest of version 2", { _, inner in [0x03] + account.bytes + inner }),
      (
        "version 2 over the bare digest",
        { digest, _ in [0x04] + account.bytes + (try primitive.make(digest)) }
      ),
      ("for another account", { _, inner in [0x04] + TempoAddress.pathUSD.bytes + inner }),
      ("twice", { _, inner in [0x04] + account.bytes + [0x04] + account.bytes + inner }),
      ("type 5", { _, inner in [0x05] + account.bytes + inner }),
      ("without account", { _, inner in [0x04] + inner }),
      ("without signature", { _, _ in [0x04] + account.bytes }),
      ("one byte more", { _, inner in [0x04] + account.bytes + inner + [0] }),
      ("marker behind", { _, inner in [0x04] + account.bytes + inner + [UInt8](repeating: 0x77, count: 32) }),
    ]
    return changes.map { name, change in
      SignatureTable.Entry(name: "keychain \(name), \(primitive.name)", signer: account, verdict: .invalid) {
        digest in
        let bound = KeychainSignature.innerDigest(digest, account: account)
        return try change(digest, primitive.make(bound))
      }
    }
  }
}
