public import EVM
public import MPPCore
public import Tempo

/// What a sponsor signs for (`02` §6.2, §6.4, `06` §1.11). Pure: no chain, no clock.
///
/// Every field of the transaction is either checked here or cannot cost the sponsor anything. The calls are the
/// caller's: it knows what is being paid for.
public struct SponsorPolicy: Sendable {
  /// Transactions for another chain are refused.
  public let chainID: UInt64
  /// The sponsor's own address; nil when it is not known before it has signed. Then whoever uses the signature makes sure that it is not
  /// the sender's.
  public let sponsor: Address?
  /// The most one transaction may cost; what all together may is the ``SponsorBudget``'s.
  public let limits: SponsorLimits
  /// Tokens in which the sponsor pays fees, in order of preference.
  public let feeTokens: [Address]

  /// - Parameter feeTokens: a transaction that names another token is refused; the fee is paid in one of them.
  public init(chainID: UInt64, sponsor: Address?, limits: SponsorLimits, feeTokens: [Address]) {
    self.chainID = chainID
    self.sponsor = sponsor
    self.limits = limits
    self.feeTokens = feeTokens
  }

  /// Checks a transaction that was handed over.
  ///
  /// - Parameters:
  ///   - challengeExpires: the transaction may outlive it by a minute at most.
  /// - Returns: the transaction with its verified sender and the most it can cost.
  public func check(
    _ signed: SignedTempoTransaction, now: Timestamp, challengeExpires: Timestamp
  ) throws(SponsorRefusal) -> SponsorableTransaction {
    let transaction = signed.transaction
    let sender = try verifiedSender(signed)
    // A key of somebody else would be registered at the sponsor's expense.
    if let key = transaction.keyAuthorization, key.authorization.keyID != sender.accessKey {
      throw SponsorRefusal(.keyAuthorization)
    }
    guard transaction.authorizationList.isEmpty else { throw SponsorRefusal(.unsupportedFields) }
    guard transaction.chainID == chainID else { throw SponsorRefusal(.chain) }
    guard transaction.accessList.isEmpty else { throw SponsorRefusal(.accessList) }
    guard !transaction.calls.isEmpty else { throw SponsorRefusal(.noCalls) }
    guard transaction.calls.allSatisfy({ $0.value == .zero && $0.to != nil && !$0.data.isEmpty }) else {
      throw SponsorRefusal(.calls)
    }
    let fee = try checkFees(transaction)
    try checkValidity(transaction, now: now, challengeExpires: challengeExpires)
    if let token = transaction.feeToken, !feeTokens.contains(token) { throw SponsorRefusal(.feeToken) }
    return SponsorableTransaction(
      signed: signed, signer: sender, maximumFee: fee, checkedAt: now, challengeExpires: challengeExpires)
  }

  /// The sender is who signed, whatever the hand-off says: signing for somebody else would only waste a fee.
  private func verifiedSender(_ signed: SignedTempoTransaction) throws(SponsorRefusal) -> RecoveredSender {
    switch signed.transaction.feePayer {
    case .awaitingFeePayer, .handOff: break
    case .signed: throw SponsorRefusal(.rejectedFields)
    case .unsponsored: throw SponsorRefusal(.notHandedOver)
    }
    let sender: RecoveredSender
    do throws(TempoError) {
      sender = try signed.recover()
    } catch {
      if case .rule(.senderMismatch) = error { throw SponsorRefusal(.senderMismatch) }
      throw SponsorRefusal(.unsigned)
    }
    guard sender.account != sponsor else { throw SponsorRefusal(.selfSponsored) }
    return sender
  }

  /// Attodollars; all products are checked.
  private func checkFees(_ transaction: TempoTransaction) throws(SponsorRefusal) -> UInt64 {
    guard transaction.gas > 0, transaction.gas <= limits.maximumGas else { throw SponsorRefusal(.gas) }
    guard let perGas = UInt64(exactly: transaction.maxFeePerGas), perGas > 0,
      perGas <= limits.maximumFeePerGas
    else { throw SponsorRefusal(.feePerGas) }
    let (total, overflow) = perGas.multipliedReportingOverflow(by: transaction.gas)
    guard !overflow, total <= limits.maximumTotalFee else { throw SponsorRefusal(.totalFee) }
    guard let tip = UInt64(exactly: transaction.maxPriorityFeePerGas), tip <= perGas,
      tip <= limits.maximumPriorityFeePerGas
    else { throw SponsorRefusal(.priorityFee) }
    return total
  }

  private func checkValidity(
    _ transaction: TempoTransaction, now: Timestamp, challengeExpires: Timestamp
  ) throws(SponsorRefusal) {
    guard transaction.nonceKey == ExpiringNonce.key, transaction.nonce == 0,
      let before = transaction.validBefore
    else { throw SponsorRefusal(.nonce) }
    let seconds = UInt64(clamping: now.seconds)
    guard before > seconds else { throw SponsorRefusal(.expired) }
    let (window, windowOverflow) = seconds.addingReportingOverflow(limits.maximumValidity)
    let (expiry, expiryOverflow) = UInt64(clamping: challengeExpires.seconds).addingReportingOverflow(60)
    guard before <= (windowOverflow ? .max : window), before <= (expiryOverflow ? .max : expiry) else {
      throw SponsorRefusal(.validity)
    }
    // It would be waited for, with the budget held, until it becomes valid.
    if let after = transaction.validAfter, after > seconds { throw SponsorRefusal(.notYetValid) }
  }
}

/// A transaction that passed ``SponsorPolicy``; only the policy makes one: the initializer is internal.
public struct SponsorableTransaction: Sendable, Hashable {
  /// As it was handed over, signed by its sender alone.
  public let signed: SignedTempoTransaction
  /// Recovered from the signature.
  public let signer: RecoveredSender
  /// Attodollars: the most the sponsor can be charged.
  public let maximumFee: UInt64
  /// When the policy let it through, and until when it may be paid for.
  let checkedAt: Timestamp
  let challengeExpires: Timestamp

  /// The account that pays and acts; proved by its signature.
  public var sender: Address { signer.account }

  /// ``maximumFee`` in base units of a fee token, rounded up.
  var maximumFeeUnits: UInt128 { (UInt128(maximumFee) + 999_999_999_999) / 1_000_000_000_000 }

  /// Its calls alone: what is run dry before anything is signed.
  var withoutFee: TempoTransaction {
    var bare = signed.transaction
    bare.feePayer = .unsponsored
    bare.feeToken = nil
    bare.maxFeePerGas = 0
    bare.maxPriorityFeePerGas = 0
    return bare
  }

  /// What the sponsor would agree to, without anybody's signature.
  func quoted(in token: Address) -> TempoTransaction {
    var quoted = signed.transaction
    quoted.feePayer = .unsponsored
    quoted.feeToken = token
    return quoted
  }

  /// What the sender signed, and who it is: the chain includes it once at most, whoever sponsors it.
  var identity: Hash32 { signed.transaction.expiringNonceHash(sender: sender) }
}
