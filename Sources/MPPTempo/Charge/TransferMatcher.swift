public import EVM
import MPPCore

/// Finds the expected payments among the movements of a transaction (`06` §1.9). The same rules for the calls of a
/// transaction that is still to be sent and for the logs of one that was mined.
public struct TransferMatcher: Sendable {
  /// The token everything is paid in.
  public let token: Address
  /// What has to be paid: the main payment first, then the splits.
  public let expected: [ExpectedTransfer]
  /// Whether a memo is bound to the realm and the challenge (`06` §1.6).
  private let isBound: @Sendable (Hash32) -> Bool

  /// - Parameters:
  ///   - token: movements of every other token are ignored.
  ///   - isBound: whether a memo is bound to the realm and the challenge; asked for the main payment of a
  ///     request without a memo of its own.
  public init(
    token: Address, expected: [ExpectedTransfer], isBound: @escaping @Sendable (Hash32) -> Bool
  ) {
    self.token = token
    self.expected = expected
    self.isBound = isBound
  }

  /// Why movements do not pay what is expected.
  public enum Mismatch: Error, Sendable, Hashable {
    /// No movement answers this expectation.
    case missing(ExpectedTransfer)
    /// The money moved, but the memo of the main payment is not bound to this challenge.
    case notBound
    /// More movements than the payments that are asked for.
    case extraMovements
  }

  /// The movement that answers each expectation, in the order of `expected`. A movement answers one at most.
  ///
  /// - Parameters:
  ///   - sender: who must have paid; nil when the movements are calls of the payer's own transaction.
  ///   - exactCount: refuse further movements, for transactions whose fee somebody else pays.
  public func match(
    _ movements: [TokenMovement], sender: Address?, exactCount: Bool = false
  ) throws(Mismatch) -> [TokenMovement] {
    guard !exactCount || movements.count == expected.count else { throw .extraMovements }
    var free = Array(repeating: true, count: movements.count)
    var answers = [TokenMovement?](repeating: nil, count: expected.count)
    // The strictest expectations choose first, and the others take what is worth least to them: a plain movement
    // before one with a memo.
    for rank in 0...2 {
      for (position, transfer) in expected.enumerated() where Self.rank(transfer.memo) == rank {
        let candidates = movements.indices.filter { index in
          free[index] && isPayment(movements[index], of: transfer, by: sender)
        }
        guard let index = choose(candidates, movements, transfer.memo) else {
          throw candidates.isEmpty || rank != 1 ? .missing(transfer) : .notBound
        }
        free[index] = false
        answers[position] = movements[index]
      }
    }
    return answers.compactMap { $0 }
  }

  private static func rank(_ memo: ExpectedTransfer.Memo) -> Int {
    switch memo {
    case .exactly: 0
    case .boundToChallenge: 1
    case .unrestricted: 2
    }
  }

  private func isPayment(_ movement: TokenMovement, of transfer: ExpectedTransfer, by sender: Address?)
    -> Bool
  {
    movement.token == token && movement.to == transfer.recipient
      && movement.amount == UInt256(transfer.amount.units) && (sender == nil || movement.from == sender)
  }

  private func choose(_ candidates: [Int], _ movements: [TokenMovement], _ memo: ExpectedTransfer.Memo)
    -> Int?
  {
    switch memo {
    case .exactly(let memo):
      candidates.first { movements[$0].memo == memo }
    case .boundToChallenge:
      candidates.first { index in movements[index].memo.map(isBound) ?? false }
    case .unrestricted:
      candidates.first { movements[$0].memo == nil } ?? candidates.first
    }
  }
}
