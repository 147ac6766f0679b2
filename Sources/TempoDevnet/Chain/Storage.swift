import EVM

/// A named cell of the chain's state. One word each, as on the real chain; absent is zero.
enum Slot: Hashable, Sendable {
  case nonce(Address)
  case keyedNonce(Address, key: UInt256)
  /// `validBefore` of a transaction with an expiring nonce, under its replay hash.
  case expiring(Hash32)
  /// What a CREATE has made, a ``CodeKind``; zero for every other account.
  case created(Address)
  case balance(token: Address, holder: Address)
  case supply(Address)
  case paused(Address)
  case allowance(token: Address, owner: Address, spender: Address)
  case permitNonce(token: Address, owner: Address)
  case role(token: Address, role: Hash32, holder: Address)
  /// Bits of ``PolicySwitch``.
  case policy(token: Address, holder: Address)
  case userToken(Address)
  /// A packed ``ReserveChannel``.
  case channel(Hash32)
  case storageCredits(Address)
  /// A packed ``KeyRecord``.
  case key(account: Address, id: Address)
  /// The two words of a ``KeyAllowance``.
  case keyLimit(account: Address, id: Address, token: Address)
  case keyPeriod(account: Address, id: Address, token: Address)
  /// Name of the key's ``CallScopes`` in ``World/scopeTable``; zero for a key that may make any call.
  case keyScopes(account: Address, id: Address)
  case burnedWitness(account: Address, witness: Hash32)
  /// Numerator and denominator of what a token costs in another, 128 bits each; absent is one to one.
  case dexRate(input: Address, output: Address)
  /// Non-zero for a pair that is not traded.
  case dexClosed(input: Address, output: Address)
  case liquidity(pool: Hash32, owner: Address)
  case liquiditySupply(Hash32)
  /// The words of a legacy channel, numbered as ``LegacyChannelRecord`` says.
  case legacyChannel(escrow: Address, id: Hash32, word: UInt8)
}

/// The chain's state with an undo log: a transaction, a batch or a simulated call is rolled back by undoing
/// its writes, so nothing is ever copied on the way.
struct Storage: Sendable {
  struct Write: Sendable {
    let slot: Slot
    let previous: UInt256
  }

  private(set) var cells: [Slot: UInt256] = [:]
  private var writes: [Write] = []
  /// Cells that went from zero to something since the counter was last reset and that cost storage gas.
  private(set) var newCells: UInt64 = 0

  subscript(slot: Slot) -> UInt256 {
    get { cells[slot] ?? .zero }
    set {
      let previous = cells[slot] ?? .zero
      guard previous != newValue else { return }
      writes.append(Write(slot: slot, previous: previous))
      if previous.isZero, slot.costsStorage { newCells += 1 }
      cells[slot] = newValue.isZero ? nil : newValue
    }
  }

  /// A mark to roll back to.
  var checkpoint: Int { writes.count }

  mutating func rollBack(to checkpoint: Int) {
    while writes.count > checkpoint, let write = writes.popLast() { restore(write) }
  }

  /// The cells written since a checkpoint, and what they held then.
  func changed(since checkpoint: Int) -> [Slot: UInt256] {
    var before: [Slot: UInt256] = [:]
    for write in writes[checkpoint...] where before[write.slot] == nil { before[write.slot] = write.previous }
    return before
  }

  /// The writes since the last call, for the block that is sealed with them.
  mutating func takeWrites() -> [Write] {
    defer { writes = [] }
    return writes
  }

  /// Undoes a sealed block's writes; newest block first.
  mutating func undo(_ block: [Write]) {
    for write in block.reversed() { restore(write) }
  }

  mutating func resetNewCells() { newCells = 0 }

  /// Takes back what was counted after a mark.
  mutating func forgetNewCells(beyond mark: UInt64) { newCells = min(newCells, mark) }

  private mutating func restore(_ write: Write) {
    cells[write.slot] = write.previous.isZero ? nil : write.previous
  }
}

extension Slot {
  /// Whether a first write costs storage gas (`03` §8). A channel's own cell is paid for by `open`.
  fileprivate var costsStorage: Bool {
    switch self {
    case .balance(_, let holder): holder != Addresses.feeManager
    case .allowance, .userToken: true
    default: false
    }
  }
}
