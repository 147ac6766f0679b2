public import EVM
public import MPPCore
public import Tempo

/// What became of a transaction, with what a node does not tell.
public struct DevnetReceipt: Sendable {
  /// The transaction, with `v` of its signature as 27 or 28.
  public let hash: Hash32
  /// Whether the calls took effect; nonce and fee are gone either way.
  public let succeeded: Bool
  /// The block it is in.
  public let blockNumber: UInt64
  /// The account, also when an access key signed.
  public let sender: Address
  /// The sponsor, or the sender itself.
  public let feePayer: Address
  /// Units of gas; 50,000 in the flat model.
  public let gasUsed: UInt64
  /// Base units of the fee token.
  public let fee: Amount
  /// In order; a failed transaction still has the log of its fee.
  public let logs: [Log]
  /// The name of the error that undid the calls, as `"AmountExceedsDeposit"`.
  public let revertName: String?
  /// What the failing call returned; nil when the calls succeeded.
  public let revertData: [UInt8]?

  init(_ sealed: SealedTransaction) {
    hash = sealed.transaction.hash
    succeeded = sealed.outcome.succeeded
    blockNumber = sealed.blockNumber
    sender = sealed.transaction.sender
    feePayer = sealed.transaction.feePayer
    gasUsed = sealed.outcome.gasUsed
    fee = Amount(units: sealed.outcome.fee)
    logs = sealed.outcome.logs
    revertName = sealed.outcome.revert?.name
    revertData = sealed.outcome.revert?.data
  }
}
