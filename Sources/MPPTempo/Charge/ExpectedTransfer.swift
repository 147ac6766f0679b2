public import EVM
public import MPPCore

/// One of the payments a charge consists of (`06` §1.5).
public struct ExpectedTransfer: Sendable, Hashable {
  /// What the memo of the movement must be.
  public enum Memo: Sendable, Hashable {
    /// Given in the request.
    case exactly(Hash32)
    /// Made by the payer and bound to the challenge (`06` §1.6): the main payment of a request without a memo.
    case boundToChallenge
    /// Any memo, or none: a split without a memo of its own.
    case unrestricted
  }

  /// Who must receive it; a payment to anybody else counts for nothing.
  public let recipient: Address
  /// Base units, above zero.
  public let amount: Amount
  /// Which memo the movement must carry to count.
  public let memo: Memo

  /// - Parameter amount: base units. Zero is not refused here, see ``list(amount:recipient:memo:splits:)``.
  public init(recipient: Address, amount: Amount, memo: Memo) {
    self.recipient = recipient
    self.amount = amount
    self.memo = memo
  }

  /// A share of the amount that goes to somebody else.
  public struct Split: Sendable, Hashable {
    /// Who gets the share.
    public let recipient: Address
    /// Base units, above zero.
    public let amount: Amount
    /// Nil: any memo, or none.
    public let memo: Hash32?
    /// - Parameter amount: base units; zero is refused when the list is made.
    public init(recipient: Address, amount: Amount, memo: Hash32?) {
      self.recipient = recipient
      self.amount = amount
      self.memo = memo
    }
  }

  /// What a request asks for: the main payment of `amount` less the splits, then each split.
  ///
  /// - Throws: when the splits leave nothing for the recipient, or one of them is zero.
  public static func list(
    amount: Amount, recipient: Address, memo: Hash32?, splits: [Split]
  ) throws(ChargeTermsError) -> [ExpectedTransfer] {
    var rest = amount
    var shares: [ExpectedTransfer] = []
    for split in splits {
      guard split.amount > .zero else { throw .splitIsZero }
      do throws(AmountError) {
        rest = try rest.subtracting(split.amount)
      } catch {
        throw .splitsExceedAmount
      }
      shares.append(
        ExpectedTransfer(
          recipient: split.recipient, amount: split.amount,
          memo: split.memo.map(Memo.exactly) ?? .unrestricted))
    }
    guard rest > .zero else { throw .splitsExceedAmount }
    let main = ExpectedTransfer(
      recipient: recipient, amount: rest, memo: memo.map(Memo.exactly) ?? .boundToChallenge)
    return [main] + shares
  }
}

/// Why the terms of a charge cannot be paid by transfers.
public enum ChargeTermsError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The splits leave nothing for the recipient.
  case splitsExceedAmount
  /// A split of nothing.
  case splitIsZero

  public var description: String {
    switch self {
    case .splitsExceedAmount: "split total must be less than total amount"
    case .splitIsZero: "every split must be above zero"
    }
  }
}
