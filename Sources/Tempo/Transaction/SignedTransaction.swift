public import EVM

/// Any transaction a node accepts in `eth_sendRawTransaction`.
public enum SignedTransaction: Sendable, Hashable {
  /// Type `0x76`, or `0x78` on its way to a sponsor, which no node accepts.
  case tempo(SignedTempoTransaction)
  /// Type `0x02`.
  case eip1559(SignedEIP1559Transaction)
  /// Without a type byte.
  case legacy(SignedLegacyTransaction)

  /// Chooses by the leading byte, then parses strictly.
  public init(parsing bytes: [UInt8]) throws(TempoError) {
    switch bytes.first {
    case TempoTransaction.type, TempoTransaction.handOffType:
      self = .tempo(try SignedTempoTransaction(parsing: bytes))
    case EIP1559Transaction.type:
      self = .eip1559(try SignedEIP1559Transaction(parsing: bytes))
    case .some(0xc0...):
      self = .legacy(try SignedLegacyTransaction(parsing: bytes))
    case let type:
      throw .unknownTransactionType(type)
    }
  }

  /// The chain the transaction is for, never zero.
  public var chainID: UInt64 {
    switch self {
    case .tempo(let signed): signed.transaction.chainID
    case .eip1559(let signed): signed.transaction.chainID
    case .legacy(let signed): signed.chainID
    }
  }

  /// Canonical bytes: what was parsed, but for `v` 0/1 of a Tempo transaction, which is written as 27/28.
  public var serialized: [UInt8] {
    switch self {
    case .tempo(let signed): signed.serialized
    case .eip1559(let signed): signed.serialized
    case .legacy(let signed): signed.serialized
    }
  }

  /// The transaction hash; final unless a sponsor is still to sign.
  public var hash: Hash32 {
    switch self {
    case .tempo(let signed): signed.hash
    case .eip1559(let signed): signed.hash
    case .legacy(let signed): signed.hash
    }
  }

  /// In order; a single one for the Ethereum forms.
  public var calls: [Call] {
    switch self {
    case .tempo(let signed): signed.transaction.calls
    case .eip1559(let signed):
      [Call(to: signed.transaction.to, value: signed.transaction.value, data: signed.transaction.data)]
    case .legacy(let signed): [Call(to: signed.to, value: signed.value, data: signed.data)]
    }
  }

  /// The account that sent, after verifying its signature.
  public func recoverSender() throws(TempoError) -> Address {
    switch self {
    case .tempo(let signed): try signed.recoverSender()
    case .eip1559(let signed): try signed.recoverSender()
    case .legacy(let signed): try signed.recoverSender()
    }
  }

  /// The identity of a channel opened by this transaction (`02` §5.6).
  public func expiringNonceHash(sender: Address) -> Hash32 {
    switch self {
    case .tempo(let signed): signed.transaction.expiringNonceHash(sender: sender)
    case .eip1559(let signed): signed.transaction.expiringNonceHash(sender: sender)
    case .legacy(let signed): signed.expiringNonceHash(sender: sender)
    }
  }
}
