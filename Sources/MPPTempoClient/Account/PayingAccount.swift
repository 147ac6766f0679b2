import EVM
import MPPClient
import MPPCore
import Synchronization
import Tempo
import TempoRPC

/// The account that pays, for all of its methods: it plans transactions, and keeps an access key to what the account allows it.
///
/// An access key that the chain does not know yet is registered by the first transaction it signs. While that one may still be
/// included no other is signed: with the authorization it would be refused, and without it too.
final class PayingAccount: Sendable {
  let signer: TempoSigner
  private let authorization: SignedKeyAuthorization?
  private let sleeper: any Sleeper
  /// Held from the look at the key to the plan that may register it.
  private let turn = FIFOPermits(count: 1)
  /// Until when a transaction that registers the key may be included, in seconds on the chain's clock.
  private let registrationEnd = Mutex<UInt64>(0)

  /// Looks at the key while another transaction may be registering it; with ``pause`` between them.
  private static let looks = 40
  /// Milliseconds.
  private static let pause: Int64 = 250

  init(_ account: TempoAccount, sleeper: any Sleeper) {
    signer = account.signer
    authorization = account.authorization
    self.sleeper = sleeper
  }

  var address: Address { signer.account }

  /// Plans `calls` as a transaction of this account; nothing is signed.
  ///
  /// - Parameter isSponsored: somebody else pays the fee, so it does not count.
  /// - Throws: an ``AccessKeyError`` with the code `.accessKey` when the key may not make them.
  func plan(
    _ calls: [Call], feeToken: Address?, isSponsored: Bool, _ planner: TransactionPlanner
  ) async throws(PaymentClientError) -> TempoTransaction {
    do {
      guard signer.isAccessKey else {
        return try await planner.plan(calls: calls, by: signer, feeToken: feeToken)
      }
      return try await turn.withPermits {
        try await delegated(calls, feeToken, isSponsored: isSponsored, planner)
      }
    } catch {
      throw .planning(error)
    }
  }

  /// Checks an access key that is about to sign something that spends nothing: the account must have registered it.
  func checkKey(_ client: ChainClient) async throws(PaymentClientError) {
    guard signer.isAccessKey else { return }
    do {
      let status = try await client.accessKey(signer.keyAddress, of: address)
      guard status.isAuthorized else { throw AccessKeyError.notAuthorized }
      try checkRegistered(status)
      try AccessKeyRights(expiry: status.expiry, scopes: nil, limits: nil)
        .checkAlive(at: try await client.latestBlock().timestamp)
    } catch {
      throw .planning(error)
    }
  }

  /// A planned transaction that registers the key will never leave.
  func abandon(_ transaction: TempoTransaction) {
    guard transaction.keyAuthorization != nil else { return }
    registrationEnd.withLock { $0 = 0 }
  }

  /// Transactions of an earlier run may register the key until then.
  func mayBeRegistered(until end: UInt64) {
    registrationEnd.withLock { $0 = max($0, end) }
  }

  private func delegated(
    _ calls: [Call], _ feeToken: Address?, isSponsored: Bool, _ planner: TransactionPlanner
  ) async throws -> TempoTransaction {
    let status = try await status(planner.client)
    let head = try await planner.client.latestBlock()
    var spending = try TokenSpending(calls: calls)
    let tokens = Array(spending.amounts.keys) + (isSponsored ? [] : [feeToken].compactMap { $0 })
    let rights: AccessKeyRights
    var attached: SignedKeyAuthorization?
    if status.isAuthorized {
      rights = try await registeredRights(status, tokens, planner.client)
    } else {
      let authorization = try usableAuthorization(chainID: planner.chainID)
      attached = authorization
      rights = AccessKeyRights(authorization.authorization)
    }
    try rights.checkAlive(at: head.timestamp)
    try rights.check(calls)
    try rights.check(spending)
    let transaction = try await planner.plan(
      calls: calls, by: signer, feeToken: feeToken, keyAuthorization: attached)
    if !isSponsored, let feeToken {
      let fee = try Fees.tokenUnits(gas: transaction.gas, price: transaction.maxFeePerGas)
      try spending.add(UInt256(fee), of: feeToken)
      try rights.check(spending)
    }
    if attached != nil { mayBeRegistered(until: transaction.validBefore ?? .max) }
    return transaction
  }

  /// What the chain says of the key, read before anything else; once no other transaction is about to register it.
  private func status(_ client: ChainClient) async throws -> AccessKeyStatus {
    for look in 0..<Self.looks {
      if look > 0 { try await sleeper.sleep(milliseconds: Self.pause) }
      let status = try await client.accessKey(signer.keyAddress, of: address)
      let end = registrationEnd.withLock { $0 }
      if status.isAuthorized || end == 0 { return status }
      let head = try await client.latestBlock()
      // Included between the two questions?
      if head.timestamp >= end { return try await client.accessKey(signer.keyAddress, of: address) }
    }
    throw PaymentClientError(
      .outcomeUnknown, "an earlier payment that registers the access key may still be included",
      isRetryable: true)
  }

  private func registeredRights(
    _ status: AccessKeyStatus, _ tokens: [Address], _ client: ChainClient
  ) async throws -> AccessKeyRights {
    try checkRegistered(status)
    var limits: [Address: UInt256]?
    if status.enforcesLimits {
      var left: [Address: UInt256] = [:]
      for token in Set(tokens) {
        left[token] = try await client.accessKeyLimit(signer.keyAddress, of: address, token: token).remaining
      }
      limits = left
    }
    return AccessKeyRights(
      expiry: status.expiry, scopes: try await client.allowedCalls(signer.keyAddress, of: address),
      limits: limits)
  }

  private func checkRegistered(_ status: AccessKeyStatus) throws(AccessKeyError) {
    guard !status.isRevoked else { throw .revoked }
    guard status.keyType == signer.keyType.rawValue else { throw .wrongKind }
  }

  private func usableAuthorization(chainID: UInt64) throws(AccessKeyError) -> SignedKeyAuthorization {
    guard let authorization else { throw .notAuthorized }
    let terms = authorization.authorization
    guard terms.keyID == signer.keyAddress, terms.keyType == signer.keyType, terms.chainID == chainID,
      terms.account == nil || terms.account == address, (try? authorization.signer()) == address
    else { throw .unusableAuthorization }
    return authorization
  }
}

extension PaymentClientError {
  /// What may go wrong before a transaction is signed.
  static func planning(_ error: any Error) -> PaymentClientError {
    switch error {
    case let error as AccessKeyError: .accessKey(error)
    case let error as ChainError: .chain("the transaction could not be prepared", error)
    case is TempoError:
      PaymentClientError(.signing, "the transaction could not be prepared", underlying: error)
    default: .wrapping(error)
    }
  }
}
