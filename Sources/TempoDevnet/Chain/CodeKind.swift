import EVM

/// What stands at an address that a CREATE or the genesis has made.
enum CodeKind: UInt64, Sendable {
  /// A creation without code.
  case empty = 1
  /// The v1 stream contract (`02` §12).
  case legacyEscrow = 2

  /// Hash of the creation code of the v1 stream contract.
  static let legacyEscrowInitCode: Hash32 = {
    do {
      return try Hash32(hex: "0xfa62e03c8b1bd96706488369648172bb51c4cf28a5cb29db95890e57d2b7af6c")
    } catch {
      return .zero
    }
  }()
}

extension World {
  func codeKind(of address: Address) -> CodeKind? {
    CodeKind(rawValue: storage[.created(address)].uint64 ?? 0)
  }
}
