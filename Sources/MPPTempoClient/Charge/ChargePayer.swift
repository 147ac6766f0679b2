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
  let account: PayingAccount
  let options: TempoChargeOptions
  let environment: ClientEnvironment
  let journal: ChargeJournal
  let client: ChainClient
  private let network: TempoNetwork

  init(
    account: PayingAccount, network: TempoNetwork, options: TempoChargeOptions,
    environment: ClientEnvironment
  ) throws {
    self.account = account
    self.options = options
    self.environment = environment
    self.network = network
    journal = ChargeJournal(environment)
    client = ChainClient(
      transport: try network.makeTransport(), clock: environment.clock, sleeper: options.sleeper,
      random: environment.random)
  }

  /// The chain that was named when the client was set up.
  var knownChainID: UInt64? { network.chainID }

  /// Reads the journal. A payment that may still be included may also register the access key.
  func start() async throws(PaymentClientError) {
    try await journal.start()
    if let end = journal.latestEnd { account.mayBeRegistered(until: end) }
  }

  /// The challenge's chain must be ours (T13). A challenge without one is not guessed at.
  func chainID(_ terms: ChargeTerms) async throws(PaymentClientError) -> UInt64 {
    let ours: UInt64
    if let known = network.chainID {
      ours = known
    } else {
      do { ours = try await client.chainID() } catch {
        throw .chain("the node's chain id could not be read", error)
      }
    }
    guard let wanted = terms.request.methodDetails.chainID ?? network.chainID, wanted == ours else {
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

  /// - Parameter willSign: called when nothing but the signature is left to do.
  func proof(
    _ terms: ChargeTerms, chainID: UInt64, willSign: () -> Void
  ) async throws(PaymentClientError) -> String {
    try await account.checkKey(client)
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
    let (transaction, evidence, counted) = try await plan(
      terms, chainID: chainID, isSponsored: isSponsored)
    willSign()
    do {
      let signed = try await sign(transaction)
      let handed = isSponsored ? try signed.handOff(sender: account.address) : signed
      let payload: ChargePayload = mode == .pull ? .transaction(handed.serialized) : .hash(signed.hash)
      let entry = ChargeEntry(
        request: request, challengeID: terms.challenge.id, credential: credential(payload, terms, chainID),
        hash: signed.hash, validBefore: transaction.validBefore ?? 0, amount: terms.request.amount,
        token: terms.token.hex, evidence: isSponsored ? evidence : nil, state: .signed)
      try await journal.write(new: entry, counted: counted)
      return (entry, signed)
    } catch {
      account.abandon(transaction)
      throw .wrapping(error)
    }
  }

  private func sign(_ transaction: TempoTransaction) async throws(PaymentClientError)
    -> SignedTempoTransaction
  {
    do { return try await transaction.signed(by: account.signer) } catch {
      throw PaymentClientError(.signing, "the payment could not be signed", underlying: error)
    }
  }

  private func plan(
    _ terms: ChargeTerms, chainID: UInt64, isSponsored: Bool
  ) async throws(PaymentClientError) -> (TempoTransaction, ChargeEvidence, counted: Amount) {
    let memo = AttributionMemo(
      serverID: terms.challenge.realm, clientID: options.clientID, challengeID: terms.challenge.id
    ).memo
    do {
      let head = try await client.latestBlock()
      let exchange = try await exchange(terms)
      let transfers = try terms.transfers.map { try Self.call($0, token: terms.token, bound: memo) }
      let calls = (exchange?.calls ?? []) + transfers
      let feeToken = isSponsored ? nil : try await feeToken(terms)
      let planner = TransactionPlanner(client: client, chainID: chainID, random: environment.random)
      var transaction = try await account.plan(calls, feeToken: feeToken, isSponsored: isSponsored, planner)
      if let expires = try terms.challenge.expires.map({ try Timestamp(rfc3339: $0) }) {
        transaction.validBefore = min(
          transaction.validBefore ?? .max, UInt64(clamping: expires.seconds))
      }
      let fee = try Fees.tokenUnits(gas: transaction.gas, price: transaction.maxFeePerGas)
      guard isSponsored || fee <= options.maximumFee.units else {
        account.abandon(transaction)
        throw PaymentClientError(
          .refusedByPolicy, "the fee may reach \(fee) base units, the limit is \(options.maximumFee)")
      }
      if isSponsored { transaction.feePayer = .awaitingFeePayer }
      let evidence = ChargeEvidence(
        block: head.number, token: terms.token, payer: account.address, transfer: terms.transfers[0],
        bound: memo)
      return (
        transaction, evidence, counted: max(terms.request.amount, exchange?.maximumInput ?? .zero)
      )
    } catch {
      throw .planning(error)
    }
  }

  /// The token of the fee: the user's, else the first that the account has of the charge's, the one it has chosen on the chain, and
  /// pathUSD (`06` §1.7).
  private func feeToken(_ terms: ChargeTerms) async throws(ChainError) -> Address {
    if let chosen = options.feeToken { return chosen }
    if try await client.balance(of: account.address, token: terms.token) > terms.request.amount.units {
      return terms.token
    }
    for token in [try await client.userFeeToken(of: account.address), TempoAddress.pathUSD] {
      guard let token, token != terms.token else { continue }
      if try await client.balance(of: account.address, token: token) > 0 { return token }
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
