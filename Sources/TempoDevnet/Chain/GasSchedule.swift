import EVM

/// Intrinsic gas (`02` §7.3). Operation gas stands at each operation.
enum GasSchedule {
  static let flat: UInt64 = 50_000
  static let newCell: UInt64 = 250_000

  /// What a transaction costs before its calls run.
  static func intrinsic(_ transaction: DecodedTransaction, model: DevnetConfiguration.GasModel) -> UInt64 {
    guard model == .schedule else { return flat }
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
    return max(gas, 21_000 + 10 * tokens)
  }

  private static func signature(_ envelope: [UInt8]) -> UInt64 {
    guard envelope.count != 65 else { return 0 }
    switch envelope.first {
    case 0x01: return 5_000
    case 0x02:
      let data = envelope.dropFirst().dropLast(128)
      return 5_000 + data.reduce(0) { $0 + ($1 == 0 ? 4 : 16) }
    default: return 0
    }
  }

  private static func nonce(_ transaction: DecodedTransaction) -> UInt64 {
    if transaction.nonceKey == .max { return 13_000 }
    if transaction.nonce == 0 { return 250_000 }
    return transaction.nonceKey.isZero ? 0 : 5_200
  }
}
