@testable import EVM
@testable import Tempo

/// Transactions of every type, and key authorizations.
enum TransactionProperties {
  static func check(_ bytes: [UInt8]) throws {
    guard let signed = try? SignedTransaction(parsing: bytes) else { return }
    let written = signed.serialized
    try require(try SignedTransaction(parsing: written) == signed, "parse ∘ serialize changes a transaction")
    if written != bytes {
      // Only `v` of the sender's signature and of a key authorization in it may be respelled.
      let changed = zip(written, bytes).filter { $0 != $1 }
      let isRespelled = changed.allSatisfy { $1 <= 1 && $0 == $1 + 27 }
      try require(
        written.count == bytes.count && changed.count <= 2 && isRespelled, "a transaction has two encodings")
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
