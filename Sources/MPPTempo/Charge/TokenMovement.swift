public import EVM
public import Tempo

/// One movement of tokens, as asked for by a call or as a receipt's logs prove it.
public struct TokenMovement: Sendable, Hashable {
  /// The contract that was called, or that wrote the log. Only a token one trusts proves a payment.
  public let token: Address
  /// Nil for a call: the sender of the transaction.
  public let from: Address?
  /// Who receives.
  public let to: Address
  /// Base units.
  public let amount: UInt256
  /// Nil for a movement without a memo; a memo of zero bytes is a memo.
  public let memo: Hash32?

  /// - Parameters:
  ///   - from: nil: the sender of the transaction.
  ///   - amount: base units.
  public init(token: Address, from: Address?, to: Address, amount: UInt256, memo: Hash32?) {
    self.token = token
    self.from = from
    self.to = to
    self.amount = amount
    self.memo = memo
  }

  /// The movement `call` asks for; nil unless it is `transfer` or `transferWithMemo` in canonical encoding,
  /// without native value.
  public init?(call: Call) {
    guard let token = call.to, call.value == .zero, let decoded = try? TIP20Call(calldata: call.data)
    else { return nil }
    switch decoded {
    case .transfer(let to, let amount):
      self.init(token: token, from: nil, to: to, amount: amount, memo: nil)
    case .transferWithMemo(let to, let amount, let memo):
      self.init(token: token, from: nil, to: to, amount: amount, memo: memo)
    case .transferFrom, .transferFromWithMemo, .approve:
      return nil
    }
  }

  /// The movements of a transaction, in the order of its logs.
  ///
  /// A movement with a memo leaves two events, `Transfer` and `TransferWithMemo`, side by side: they are one
  /// movement here, so that it cannot answer two expectations (`06` §1.9). Malformed logs prove nothing.
  public static func list(of logs: [Log]) -> [TokenMovement] {
    var movements: [TokenMovement] = []
    // The last element of `movements` when it came from the log just before, and may still find its twin.
    var open = false
    for log in logs {
      guard let movement = TokenMovement(log: log) else {
        open = false
        continue
      }
      if open, let last = movements.last, last.isTwin(of: movement) {
        movements[movements.count - 1] = last.memo == nil ? movement : last
        open = false
      } else {
        movements.append(movement)
        open = true
      }
    }
    return movements
  }

  private init?(log: Log) {
    guard let event = try? TIP20Event(log: log) else { return nil }
    switch event {
    case .transfer(let from, let to, let amount):
      self.init(token: log.address, from: from, to: to, amount: amount, memo: nil)
    case .transferWithMemo(let from, let to, let amount, let memo):
      self.init(token: log.address, from: from, to: to, amount: amount, memo: memo)
    case .approval, .mint, .burn:
      return nil
    }
  }

  private func isTwin(of other: TokenMovement) -> Bool {
    (memo == nil) != (other.memo == nil) && token == other.token && from == other.from && to == other.to
      && amount == other.amount
  }
}
