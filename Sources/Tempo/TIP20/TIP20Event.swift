public import EVM

/// An event of a TIP-20 token; the token is the log's address (`02` §8.2).
///
/// A transfer that the recipient's receive policy has blocked names the guard as `to`: compare `to` with the
/// expected recipient, and never take a successful status for a payment (`02` §8.5).
public enum TIP20Event: Sendable, Hashable {
  /// Base units have moved: a payment, a fee, a mint or a burn.
  case transfer(from: Address, to: Address, amount: UInt256)
  /// Follows the `Transfer` of the same movement: count the two as one.
  case transferWithMemo(from: Address, to: Address, amount: UInt256, memo: Hash32)
  /// The allowance is `amount` now.
  case approval(owner: Address, spender: Address, amount: UInt256)
  /// Base units were made; follows a `Transfer` from zero.
  case mint(to: Address, amount: UInt256)
  /// Base units are gone.
  case burn(from: Address, amount: UInt256)

  /// `nil` for another event; throws when a known event is malformed.
  public init?(log: Log) throws(TempoError) {
    guard let topic = log.topics.first, let event = TIP20ABI.events.first(where: { $0.topic == topic })
    else { return nil }
    var values = try ABIReader.decode(event, log)
    switch event {
    case TIP20ABI.transferEvent:
      self = .transfer(
        from: try values.address(), to: try values.address(), amount: try values.uint256())
    case TIP20ABI.transferWithMemoEvent:
      self = .transferWithMemo(
        from: try values.address(), to: try values.address(), amount: try values.uint256(),
        memo: try values.hash())
    case TIP20ABI.approvalEvent:
      self = .approval(
        owner: try values.address(), spender: try values.address(), amount: try values.uint256())
    case TIP20ABI.mintEvent:
      self = .mint(to: try values.address(), amount: try values.uint256())
    default:
      self = .burn(from: try values.address(), amount: try values.uint256())
    }
  }

  /// The log that `token` writes.
  public func log(token: Address) throws(TempoError) -> Log {
    switch self {
    case .transfer(let from, let to, let amount):
      try ABIReader.log(
        TIP20ABI.transferEvent, address: token, [.address(from), .address(to), .uint(amount)])
    case .transferWithMemo(let from, let to, let amount, let memo):
      try ABIReader.log(
        TIP20ABI.transferWithMemoEvent, address: token,
        [.address(from), .address(to), .uint(amount), .bytes32(memo)])
    case .approval(let owner, let spender, let amount):
      try ABIReader.log(
        TIP20ABI.approvalEvent, address: token, [.address(owner), .address(spender), .uint(amount)])
    case .mint(let to, let amount):
      try ABIReader.log(TIP20ABI.mintEvent, address: token, [.address(to), .uint(amount)])
    case .burn(let from, let amount):
      try ABIReader.log(TIP20ABI.burnEvent, address: token, [.address(from), .uint(amount)])
    }
  }
}
