@testable import EVM
@testable import Tempo

/// Transactions of every type, and key authorizations.
enum TransactionProperties {
  static func check(_ bytes: [UInt8]) throws {
    guard let signed = try? SignedTransaction(parsing: bytes) else { return }
    let written = signed.serialized
    try require(try SignedTransaction(parsing: written) == signed, "parse ∘ serialize changes a transaction")
    if written != bytes {
      // Only `v` of the sender's signature, the last byte, may be respelled.
      try require(
        written.count == bytes.count && written.dropLast() == bytes.dropLast() && bytes[bytes.count - 1] <= 1,
        "a transaction has two encodings")
    }
    _ = signed.hash
    guard let sender = try? signed.recoverSender() else { return }
    _ = signed.expiringNonceHash(sender: sender)
    guard case .tempo(let tempo) = signed else { return }
    _ = try? tempo.recoverFeePayer(sender: sender)
    _ = try? tempo.transaction.checkChainRules()
    _ = tempo.transaction.rpcRequest(from: sender)
    if let handedOff = try? tempo.handOff(sender: sender) {
      try require(try handedOff.recoverSender() == sender, "a hand-off has another sender")
    }
  }
}

enum KeyAuthorizationProperties {
  static func check(_ bytes: [UInt8]) throws {
    guard let authorization = try? KeyAuthorization(parsing: bytes) else { return }
    try require(authorization.serialized == bytes, "a key authorization has two encodings")
    _ = authorization.hash
  }
}
