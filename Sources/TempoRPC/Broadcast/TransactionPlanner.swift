public import EVM
public import MPPCore
public import Tempo

/// Builds unsponsored Tempo transactions with an expiring nonce (`02` §5.5).
///
/// Expiring nonces need no account of nonces, cannot block each other, and give every transaction a moment
/// after which it can be proved absent.
public struct TransactionPlanner: Sendable {
  /// The node that is asked for block, fees and gas.
  public let client: ChainClient
  /// Goes into every transaction; not compared with the node's.
  public let chainID: UInt64
  private let random: any RandomSource
  /// Added to the gas estimate, in percent.
  public var gasMargin: UInt64 = 20
  /// The most that a transaction of ``intent(_:calls:feeToken:signer:context:)`` may cost, in base units of its fee token; nil: whatever the
  /// node asks for.
  public var maximumFee: Amount?

  /// Gas beyond which nothing is planned; the chain's limit for one transaction.
  public static let gasLimit: UInt64 = 30_000_000

  /// - Parameters:
  ///   - chainID: the chain the transactions are for.
  ///   - random: tells apart transactions that are otherwise equal.
  public init(client: ChainClient, chainID: UInt64, random: any RandomSource = SystemRandomSource()) {
    self.client = client
    self.chainID = chainID
    self.random = random
  }

  /// Plans `calls` as one atomic transaction: fees, gas (the estimate is the dry run) and validity.
  /// - Throws: `.reverted` with the reason when the calls would fail; nothing has been sent then.
  public func plan(
    calls: [Call], from: Address, feeToken: Address?
  ) async throws(ChainError) -> TempoTransaction {
    var transaction = try await draft(calls, feeToken, keyAuthorization: nil)
    transaction.gas = try limit(try await client.estimateGas(transaction, from: from))
    return transaction
  }

  /// As ``plan(calls:from:feeToken:)``, for any kind of key and for access keys: the dry run keeps to the limits and scopes of
  /// the key that will sign.
  /// - Parameter keyAuthorization: registers the access key in the same transaction.
  public func plan(
    calls: [Call], by signer: TempoSigner, feeToken: Address?,
    keyAuthorization: SignedKeyAuthorization? = nil
  ) async throws(ChainError) -> TempoTransaction {
    var transaction = try await draft(calls, feeToken, keyAuthorization: keyAuthorization)
    transaction.gas = try limit(try await client.estimateGas(transaction, from: signer.sender))
    return transaction
  }

  private func draft(
    _ calls: [Call], _ feeToken: Address?, keyAuthorization: SignedKeyAuthorization?
  ) async throws(ChainError) -> TempoTransaction {
    let block = try await client.latestBlock()
    let fees = try await client.fees(at: block)
    return TempoTransaction(
      chainID: chainID, maxPriorityFeePerGas: fees.maxPriorityFeePerGas, maxFeePerGas: fees.maxFeePerGas,
      gas: 0, calls: calls, nonceKey: ExpiringNonce.key, nonce: 0,
      validBefore: ExpiringNonce.validBefore(now: block.timestamp),
      validAfter: ExpiringNonce.validAfter(now: block.timestamp, random: randomNumber()), feeToken: feeToken,
      keyAuthorization: keyAuthorization)
  }

  /// The gas limit for an estimate.
  private func limit(_ estimate: UInt64) throws(ChainError) -> UInt64 {
    guard estimate > 0, estimate <= Self.gasLimit else {
      throw ChainError(.invalidAnswer, "the node's gas estimate is out of range")
    }
    return min(Self.gasLimit, estimate + estimate * gasMargin / 100)
  }

  /// Plans, signs and wraps `calls` as an intent. Nothing is sent, nothing is stored.
  /// - Throws: as ``plan(calls:from:feeToken:)``; `.invalidAnswer` when the node's fees are above ``maximumFee``, and nothing was signed then.
  public func intent(
    _ identity: ChainIntent.Identity, calls: [Call], feeToken: Address?,
    signer: any Signer, context: [UInt8] = []
  ) async throws(ChainError) -> ChainIntent {
    let transaction = try await plan(calls: calls, from: signer.address, feeToken: feeToken)
    try checkFee(transaction)
    let signed = try await sign(transaction, signer)
    return ChainIntent(
      identity: identity, raw: signed.serialized, hash: signed.hash,
      validBefore: transaction.validBefore, createdAt: client.clock.now, context: context)
  }

  /// The fees are the node's word, and the signature makes them ours.
  private func checkFee(_ transaction: TempoTransaction) throws(ChainError) {
    guard let maximumFee else { return }
    let units = try? Fees.tokenUnits(gas: transaction.gas, price: transaction.maxFeePerGas)
    guard let units, units <= maximumFee.units else {
      throw ChainError(.invalidAnswer, "the node's fees are above the limit of \(maximumFee) base units")
    }
  }

  private func sign(
    _ transaction: TempoTransaction, _ signer: any Signer
  ) async throws(ChainError) -> SignedTempoTransaction {
    do {
      let bytes = try await signer.sign(transaction.signingHash())
      let envelope = try SignatureEnvelope(parsing: bytes)
      let signed = try SignedTempoTransaction(transaction, signature: envelope)
      guard try signed.recoverSender() == signer.address else {
        throw ChainError(.rejected, "the signer's signature is not its own")
      }
      return signed
    } catch let error as ChainError {
      throw error
    } catch {
      throw ChainError(.rejected, "the transaction could not be signed: \(error)")
    }
  }

  private func randomNumber() -> UInt64 { random.fill(8).reduce(0) { $0 << 8 | UInt64($1) } }
}
