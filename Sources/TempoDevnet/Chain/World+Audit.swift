import EVM

/// The books of the whole chain (`03` §5).
extension World {
  func audit() -> [String] {
    var sums: [Address: UInt128] = [:]
    var held: UInt128 = 0
    var owed: UInt128 = 0
    var failures: [String] = []
    for (slot, value) in storage.cells {
      switch slot {
      case .balance(let token, let holder):
        let units = value.uint128 ?? 0
        // No overflow: the supply bounds the sum, and the comparison below would show a wrapped one.
        sums[token, default: 0] &+= units
        if holder == Addresses.reserve { held &+= units }
      case .channel(let id):
        let channel = ReserveChannel(value)
        if channel.settled > channel.deposit {
          failures.append("channel \(id.hex) settled above its deposit")
        }
        owed &+= channel.deposit &- channel.settled
      default: break
      }
    }
    for token in tokens.keys where sums[token] ?? 0 != supply(of: token) {
      failures.append("balances of \(token.hex) are \(sums[token] ?? 0), its supply \(supply(of: token))")
    }
    if held < owed { failures.append("the reserve holds \(held) and owes \(owed)") }
    return failures
  }
}
