import BenchSupport
import CSecp256k1
import EVM

/// The library as C programs use it: what the voucher check is compared with.
final class BareSecp256k1 {
  private let context: OpaquePointer
  private var key = secp256k1_pubkey()

  /// One signature in the library's forms, parsed before anything is timed.
  struct Signed {
    var digest: [UInt8]
    var signature: secp256k1_ecdsa_signature
    var recoverable: secp256k1_ecdsa_recoverable_signature
  }

  init(_ publicKey: Secp256k1PublicKey) throws {
    guard let context = secp256k1_context_create(UInt32(SECP256K1_CONTEXT_VERIFY)) else {
      throw BenchFailure("libsecp256k1 gave no context")
    }
    self.context = context
    let bytes = [4] + publicKey.uncompressed
    guard secp256k1_ec_pubkey_parse(context, &key, bytes, bytes.count) == 1 else {
      throw BenchFailure("libsecp256k1 refused a key")
    }
  }

  deinit { secp256k1_context_destroy(context) }

  func parse(_ digest: Hash32, _ signature: [UInt8]) throws -> Signed {
    var plain = secp256k1_ecdsa_signature()
    var recoverable = secp256k1_ecdsa_recoverable_signature()
    let compact = Array(signature[..<64])
    guard secp256k1_ecdsa_signature_parse_compact(context, &plain, compact) == 1,
      secp256k1_ecdsa_recoverable_signature_parse_compact(
        context, &recoverable, compact, Int32(signature[64]) - 27) == 1
    else { throw BenchFailure("libsecp256k1 refused a signature") }
    return Signed(digest: digest.bytes, signature: plain, recoverable: recoverable)
  }

  func verify(_ signed: Signed) -> Bool {
    withUnsafePointer(to: signed.signature) { signature in
      withUnsafePointer(to: key) { key in
        secp256k1_ecdsa_verify(context, signature, signed.digest, key) == 1
      }
    }
  }

  func recover(_ signed: Signed) -> Bool {
    var key = secp256k1_pubkey()
    return withUnsafePointer(to: signed.recoverable) { signature in
      secp256k1_ecdsa_recover(context, &key, signature, signed.digest) == 1
    }
  }
}
