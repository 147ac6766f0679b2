public import EVM

/// A call that moves, or allows to move, tokens. `init(calldata:)` accepts exactly what `calldata()` writes.
public enum TIP20Call: Sendable, Hashable {
  /// Moves base units of the sender.
  case transfer(to: Address, amount: UInt256)
  /// Moves base units of the sender, with 32 bytes for the books of the recipient.
  case transferWithMemo(to: Address, amount: UInt256, memo: Hash32)
  /// Moves base units of `from`, within the sender's allowance.
  case transferFrom(from: Address, to: Address, amount: UInt256)
  /// As ``transferFrom(from:to:amount:)``, with a memo.
  case transferFromWithMemo(from: Address, to: Address, amount: UInt256, memo: Hash32)
  /// Sets what `spender` may move of the sender's; the new amount replaces the old one.
  case approve(spender: Address, amount: UInt256)

  private static let functions = [
    TIP20ABI.transfer, TIP20ABI.transferWithMemo, TIP20ABI.transferFrom, TIP20ABI.transferFromWithMemo,
    TIP20ABI.approve,
  ]

  /// Throws `abi` for another selector and for every encoding that is not the canonical one.
  public init(calldata: [UInt8]) throws(TempoError) {
    guard let function = Self.functions.first(where: { $0.matches(calldata) }) else {
      throw .abi("unknown function of TIP-20")
    }
    var values = try ABIReader.decode(function, calldata)
    switch function {
    case TIP20ABI.transfer:
      self = .transfer(to: try values.address(), amount: try values.uint256())
    case TIP20ABI.transferWithMemo:
      self = .transferWithMemo(
        to: try values.address(), amount: try values.uint256(), memo: try values.hash())
    case TIP20ABI.transferFrom:
      self = .transferFrom(
        from: try values.address(), to: try values.address(), amount: try values.uint256())
    case TIP20ABI.transferFromWithMemo:
      self = .transferFromWithMemo(
        from: try values.address(), to: try values.address(), amount: try values.uint256(),
        memo: try values.hash())
    default:
      self = .approve(spender: try values.address(), amount: try values.uint256())
    }
  }

  /// Selector and arguments, in canonical encoding.
  public func calldata() throws(TempoError) -> [UInt8] {
    switch self {
    case .transfer(let to, let amount):
      try ABIReader.encode(TIP20ABI.transfer, [.address(to), .uint(amount)])
    case .transferWithMemo(let to, let amount, let memo):
      try ABIReader.encode(TIP20ABI.transferWithMemo, [.address(to), .uint(amount), .bytes32(memo)])
    case .transferFrom(let from, let to, let amount):
      try ABIReader.encode(TIP20ABI.transferFrom, [.address(from), .address(to), .uint(amount)])
    case .transferFromWithMemo(let from, let to, let amount, let memo):
      try ABIReader.encode(
        TIP20ABI.transferFromWithMemo, [.address(from), .address(to), .uint(amount), .bytes32(memo)])
    case .approve(let spender, let amount):
      try ABIReader.encode(TIP20ABI.approve, [.address(spender), .uint(amount)])
    }
  }
}
