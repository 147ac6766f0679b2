import EVM

/// Intrinsic gas (`02` §7.3). Operation gas stands at each operation.
enum GasSchedule {
  /// What a transaction costs whatever its calls do.
  struct Intrinsic: Sendable, Hashable {
    /// Before its calls run.
    var gas: UInt64
    /// At least, when all is done: bytes that are only carried have a price too.
    var floor: UInt64

    /// The least limit a transaction may have.
    var required: UInt64 { max(gas, floor) }
  }

  static let flat: UInt64 = 50_000
  static let newCell: UInt64 = 250_000

  static func intrinsic(
    _ transaction: DecodedTransaction, model: DevnetConfiguration.GasModel
  ) -> Intrinsic {
    guard model == .schedule else { return Intrinsic(gas: flat, floor: flat) }
    var gas: UInt64 = 21_000 + 2_600 * UInt64(max(0, transaction.calls.count - 1))
    var tokens: UInt64 = 0
    for call in transaction.calls {
      let zeros = UInt64(call.data.count { $0 == 0 })
      tokens += zeros + 4 * (UInt64(call.data.count) - zeros)
    }
    gas += 4 * tokens
    gas += nonce(transaction)
    gas += signature(transaction.signature)
    gas += 2_400 * UInt64(transaction.accessList.count)
    gas += 1_900 * UInt64(transaction.accessList.reduce(0, +))
    gas += 12_500 * UInt64(transaction.delegations)
    if let grant = transaction.keyGrant { gas += authorization(grant) }
    return Intrinsic(gas: gas, floor: 21_000 + 10 * tokens)
  }

  private static func signature(_ envelope: [UInt8]) -> UInt64 {
    guard envelope.count != 65 else { return 0 }
    switch envelope.first {
    case 0x01: return 5_000
    case 0x02:
      let data = envelope.dropFirst().dropLast(128)
      return 5_000 + data.reduce(0) { $0 + ($1 == 0 ? 4 : 16) }
    // The access key's own signature follows the account.
    case 0x04: return 3_000 + signature(Array(envelope.dropFirst(21)))
    default: return 0
    }
  }

  /// Adding a key before the calls run.
  private static func authorization(_ grant: KeyGrant) -> UInt64 {
    let targets = grant.terms.scopes?.targets ?? []
    let rules = targets.flatMap(\.rules)
    let recipients = rules.reduce(0) { $0 + $1.recipients.count }
    return 3_000 + signature(grant.signature) + 2_100 + newCell * grant.terms.slots + 7_000
      + 7_000 * UInt64(targets.count) + 7_000 * UInt64(rules.count) + 5_000 * UInt64(recipients)
  }

  private static func nonce(_ transaction: DecodedTransaction) -> UInt64 {
    if transaction.nonceKey == .max { return 13_000 }
    if transaction.nonce == 0 { return 250_000 }
    return transaction.nonceKey.isZero ? 0 : 5_200
  }
}
