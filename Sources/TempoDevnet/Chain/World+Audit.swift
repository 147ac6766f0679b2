import EVM

/// The books of the whole chain (`03` §5).
extension World {
  func audit() -> [String] {
    var sums: [Address: UInt128] = [:]
    var held: [Address: UInt128] = [:]
    var owed: [Address: UInt128] = [:]
    var failures: [String] = []
    for (slot, value) in storage.cells {
      switch slot {
      case .balance(let token, let holder):
        let units = value.uint128 ?? 0
        // No overflow: the supply bounds the sum, and the comparison below would show a wrapped one.
        sums[token, default: 0] &+= units
        held[holder, default: 0] &+= units
      case .channel(let id):
        let channel = ReserveChannel(value)
        if channel.settled > channel.deposit {
          failures.append("channel \(id.hex) settled above its deposit")
        }
        owed[Addresses.reserve, default: 0] &+= channel.deposit &- channel.settled
      case .legacyChannel(let escrow, let id, word: 4):
        let channel = legacyChannel(escrow, id)
        if channel.settled > channel.deposit {
          failures.append("channel \(id.hex) of \(escrow.hex) settled above its deposit")
        }
        owed[escrow, default: 0] &+= channel.deposit &- channel.settled
      case .keyLimit(let account, let key, let token):
        let allowance = limit(account, key, token)
        if allowance.remaining > allowance.maximum {
          failures.append("key \(key.hex) of \(account.hex) has more left than its limit")
        }
      default: break
      }
    }
    for token in tokens.keys where sums[token] ?? 0 != supply(of: token) {
      failures.append("balances of \(token.hex) are \(sums[token] ?? 0), its supply \(supply(of: token))")
    }
    for (escrow, amount) in owed where held[escrow] ?? 0 < amount {
      failures.append("\(escrow.hex) holds \(held[escrow] ?? 0) and owes \(amount)")
    }
    return failures
  }

  /// What the writes since a checkpoint have broken. Debug builds ask after every transaction, so it looks only
  /// at what was written.
  func violations(since checkpoint: Int) -> [String] {
    var money: [Address: UInt128] = [:]
    var held: [Address: UInt128] = [:]
    var owed: [Address: UInt128] = [:]
    var failures: [String] = []
    // Differences modulo 2^128: both sides of each comparison wrap alike.
    func difference(_ slot: Slot, _ before: UInt256) -> UInt128 {
      (storage[slot].uint128 ?? 0) &- (before.uint128 ?? 0)
    }
    for (slot, before) in storage.changed(since: checkpoint) {
      switch slot {
      case .balance(let token, let holder):
        money[token, default: 0] &+= difference(slot, before)
        held[holder, default: 0] &+= difference(slot, before)
      case .supply(let token): money[token, default: 0] &-= difference(slot, before)
      case .channel(let id):
        let (old, new) = (ReserveChannel(before), ReserveChannel(storage[slot]))
        if new.settled > new.deposit { failures.append("channel \(id.hex) settled above its deposit") }
        owed[Addresses.reserve, default: 0] &+= new.deposit &- new.settled &- old.deposit &+ old.settled
      case .legacyChannel(let escrow, _, word: 4):
        owed[escrow, default: 0] &+= Self.open(storage[slot]) &- Self.open(before)
      case .keyLimit(let account, let key, let token):
        let allowance = limit(account, key, token)
        if allowance.remaining > allowance.maximum {
          failures.append("key \(key.hex) of \(account.hex) has more left than its limit")
        }
      default: break
      }
    }
    for (token, sum) in money where sum != 0 {
      failures.append(
        "balances of \(token.hex) and its supply drifted apart by \(Int128(truncatingIfNeeded: sum))")
    }
    for (escrow, amount) in owed where Int128(truncatingIfNeeded: (held[escrow] ?? 0) &- amount) < 0 {
      failures.append("\(escrow.hex) owes more than came in")
    }
    return failures
  }

  /// What a legacy channel's word of amounts still holds: its deposit above, what is settled below.
  private static func open(_ amounts: UInt256) -> UInt128 {
    let limbs = amounts.limbs
    return (UInt128(limbs[0]) << 64 | UInt128(limbs[1])) &- (UInt128(limbs[2]) << 64 | UInt128(limbs[3]))
  }
}
