import Crypto
import EVM
import HTTPTypes
import Logging
import MPPClient
import MPPCore
import MPPTempo
import Tempo
import TempoRPC

/// Signs the payments and proofs of one account, and asks the chain what became of them.
final class ChargePayer: Sendable {
  let chain: PayingChain
  let options: TempoChargeOptions
  let environment: ClientEnvironment
  let journal: ChargeJournal

  init(chain: PayingChain, options: TempoChargeOptions, environment: ClientEnvironment) {
    self.chain = chain
    self.options = options
    self.environment = environment
    journal = ChargeJournal(environment)
  }

  var account: PayingAccount { chain.account }

  /// Reads the journal. A payment that may still be included may also register the access key.
  func start() async throws(PaymentClientError) {
    try await journal.start()
    if let end = journal.latestEnd { account.mayBeRegistered(until: end) }
  }

  /// The challenge's chain must be ours (T13). A challenge without one is not guessed at.
  func chainID(_ terms: ChargeTerms) async throws(PaymentClientError) -> UInt64 {
    let known = chain.knownChainID
    // Nothing of the node goes into a proof.
    let ours =
      if terms.isProof, let known { known } else { try await chain.node().chainID }
    guard let wanted = terms.request.methodDetails.chainID ?? known, wanted == ours else {
      throw PaymentClientError(
        .untrustedTerms, "the challenge is for another chain than \(ours), or for none")
    }
    return ours
  }

  /// What a request is, for presenting its payment again.
  static func requestKey(_ context: PaymentContext) -> String {
    let text = [
      context.method.rawValue, context.url.origin.description, context.url.path, context.bodyDigest ?? "",
    ].joined(separator: "\n")
    return Hex.encode(Array(SHA256.hash(data: Array(text.utf8))))
  }

  // MARK: Signing

  /// Proves the account to an origin; the terms are those of a proof.
  /// - Parameter willSign: called when nothing but the signature is left to do.
  func proof(
    _ terms: ChargeTerms, to origin: Origin, willSign: () -> Void = {}
  ) async throws(PaymentClientError) -> String {
    let chainID = try await chainID(terms)
    try ProofRealm(allowed: options.proofRealms, isStrict: options.requiresHostAsRealm)
      .check(terms.challenge.realm, of: origin)
    if account.signer.isAccessKey { try await account.checkKey(try await chain.node().client) }
    willSign()
    do {
      let (_, signature) = try await ZeroAmountProof.sign(
        chainID: chainID, challengeID: terms.challenge.id, realm: terms.challenge.realm, by: account.signer)
      return credential(.proof(signature), terms, chainID)
    } catch {
      throw PaymentClientError(.signing, "the proof could not be signed", underlying: error)
    }
  }

  /// Signs a new payment and writes it down; nothing has left when this returns.
  /// - Parameter willSign: called when nothing but the signature is left to do.
  func payment(
    _ terms: ChargeTerms, mode: TempoChargeOptions.Mode, chainID: UInt64, request: String,
    willSign: () -> Void
  ) async throws(PaymentClientError) -> (entry: ChargeEntry, transaction: SignedTempoTransaction) {
    let isSponsored = terms.isSponsored && mode == .pull
    let (signed, transfer, isEvidence, counted) = try await sign(
      terms, isSponsored: isSponsored, willSign: willSign)
    do {
      let payload: ChargePayload =
        mode == .pull ? .transaction(signed.handedOut.serialized) : .hash(signed.transaction.hash)
      let entry = ChargeEntry(
        request: request, challengeID: terms.challenge.id, credential: credential(payload, terms, chainID),
        hash: signed.transaction.hash, chainID: chainID, validBefore: signed.validBefore ?? 0,
        amount: terms.request.amount, token: terms.token.hex, isSponsored: isSponsored,
        evidence: isEvidence ? transfer : nil, trace: isEvidence ? nil : transfer, state: .signed)
      try await journal.write(new: entry, counted: counted)
      return (entry, signed.transaction)
    } catch {
      chain.abandon(signed)
      throw .wrapping(error)
    }
  }

  /// - Returns: what is signed, its transfer on the chain and whether that may stand for its hash, and what it may take from the
  ///   account, the fee included.
  private func sign(
    _ terms: ChargeTerms, isSponsored: Bool, willSign: () -> Void
  ) async throws(PaymentClientError) -> (
    PayingChain.Signed, ChargeEvidence, isEvidence: Bool, counted: Amount
  ) {
    let memo = AttributionMemo(
      serverID: terms.challenge.realm, clientID: options.clientID, challengeID: terms.challenge.id
    ).memo
    do {
      let client = try await chain.node().client
      let head = try await client.latestBlock()
      let exchange = try await exchange(terms, client)
      let transfers = try terms.transfers.map { try Self.call($0, token: terms.token, bound: memo) }
      let fee: PayingChain.Fee =
        isSponsored ? .sponsored : .own(token: try await feeToken(terms, client), limit: options.maximumFee)
      let signed = try await chain.sign(
        (exchange?.calls ?? []) + transfers, fee: fee,
        until: try terms.challenge.expires.map { try Timestamp(rfc3339: $0) }, willSign: willSign)
      let transfer = terms.transfers[0]
      let evidence = ChargeEvidence(
        block: head.number, token: terms.token, payer: account.address, transfer: transfer, bound: memo)
      let taken = max(terms.request.amount, exchange?.maximumInput ?? .zero)
      return (
        signed, evidence, isEvidence: isSponsored || transfer.memo == .boundToChallenge,
        counted: try taken.adding(signed.fee)
      )
    } catch {
      throw .planning(error)
    }
  }

  /// The token of the fee: the user's, else the first that the account has of the charge's, the one it has chosen on the chain, and
  /// pathUSD (`06` §1.7). Only one that the policy lets be spent.
  private func feeToken(_ terms: ChargeTerms, _ client: ChainClient) async throws -> Address {
    if let chosen = options.feeToken {
      guard environment.policy.allows(token: chosen.hex) else {
        throw PaymentClientError(
          .refusedByPolicy, "the fee is to be paid in \(chosen), which is not an allowed token")
      }
      return chosen
    }
    if try await client.balance(of: account.address, token: terms.token) > terms.request.amount.units {
      return terms.token
    }
    var isNarrowed = false
    for token in [try await client.userFeeToken(of: account.address), TempoAddress.pathUSD] {
      guard let token, token != terms.token else { continue }
      guard environment.policy.allows(token: token.hex) else {
        isNarrowed = true
        continue
      }
      if try await client.balance(of: account.address, token: token) > 0 { return token }
    }
    guard !isNarrowed else {
      throw PaymentClientError(
        .refusedByPolicy,
        "the account has too little of \(terms.token) for the fee, and no other allowed token")
    }
    return terms.token
  }

  private static func call(_ transfer: ExpectedTransfer, token: Address, bound: Hash32) throws -> Call {
    let amount = UInt256(transfer.amount.units)
    let call: TIP20Call =
      switch transfer.memo {
      case .exactly(let memo): .transferWithMemo(to: transfer.recipient, amount: amount, memo: memo)
      case .boundToChallenge: .transferWithMemo(to: transfer.recipient, amount: amount, memo: bound)
      case .unrestricted: .transfer(to: transfer.recipient, amount: amount)
      }
    return Call(to: token, data: try call.calldata())
  }

  private func credential(_ payload: ChargePayload, _ terms: ChargeTerms, _ chainID: UInt64) -> String {
    Credential(
      challenge: terms.challenge, payload: payload.jsonValue,
      source: AccountSource(chainID: chainID, address: account.address).unverified
    ).serialized()
  }
}
