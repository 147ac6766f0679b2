public import EVM
public import MPPCore
public import Tempo

/// What became of a transaction, with what a node does not tell.
public struct DevnetReceipt: Sendable {
  public let hash: Hash32
  public let succeeded: Bool
  public let blockNumber: UInt64
  public let sender: Address
  public let feePayer: Address
  public let gasUsed: UInt64
  /// Base units of the fee token.
  public let fee: Amount
  public let logs: [Log]
  /// The name of the error that undid the calls, as `"AmountExceedsDeposit"`.
  public let revertName: String?
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
