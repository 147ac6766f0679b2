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
  let signer: any Signer
  let options: TempoChargeOptions
  let environment: ClientEnvironment
  let journal: ChargeJournal
  private let network: TempoNetwork
  private let client: ChainClient

  init(
    account: TempoAccount, network: TempoNetwork, options: TempoChargeOptions, environment: ClientEnvironment
  ) throws {
    signer = account.signer
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

  func proof(_ terms: ChargeTerms, chainID: UInt64) async throws(PaymentClientError) -> String {
    do {
      let proof = ZeroAmountProof(
        account: signer.address, chainID: chainID, challengeID: terms.challenge.id,
        realm: terms.challenge.realm)
      let signature = try await signer.sign(proof.digest)
      return credential(.proof(signature), terms, chainID)
    } catch {
      throw PaymentClientError(.signing, "the proof could not be signed", underlying: error)
    }
  }

  /// Signs a new payment and writes it down; nothing has left when this returns.
  func payment(
    _ terms: ChargeTerms, mode: TempoChargeOptions.Mode, chainID: UInt64, request: String
  ) async throws(PaymentClientError) -> (entry: ChargeEntry, transaction: SignedTempoTransaction) {
    let transaction = try await plan(terms, chainID: chainID, isSponsored: terms.isSponsored && mode == .pull)
    let signed: SignedTempoTransaction
    do {
      signed = try await transaction.signed(by: signer)
    } catch {
      throw PaymentClientError(.signing, "the payment could not be signed", underlying: error)
    }
    let handed: SignedTempoTransaction
    do throws(TempoError) {
      handed = transaction.feePayer.isSponsored ? try signed.handOff(sender: signer.address) : signed
    } catch {
      throw PaymentClientError(.inconsistent, "\(error)", underlying: error)
    }
    let payload: ChargePayload = mode == .pull ? .transaction(handed.serialized) : .hash(signed.hash)
    let entry = ChargeEntry(
      request: request, challengeID: terms.challenge.id, credential: credential(payload, terms, chainID),
      hash: signed.hash, validBefore: transaction.validBefore ?? 0, amount: terms.request.amount,
      token: terms.token.hex, state: .signed)
    try await journal.write(new: entry)
    return (entry, signed)
  }

  private func plan(
    _ terms: ChargeTerms, chainID: UInt64, isSponsored: Bool
  ) async throws(PaymentClientError) -> TempoTransaction {
    let memo = AttributionMemo(
      serverID: terms.challenge.realm, clientID: options.clientID, challengeID: terms.challenge.id
    ).memo
    do {
      let calls = try terms.transfers.map { try Self.call($0, token: terms.token, bound: memo) }
      let planner = TransactionPlanner(client: client, chainID: chainID, random: environment.random)
      var transaction = try await planner.plan(
        calls: calls, from: signer.address, feeToken: isSponsored ? nil : terms.token)
      if let expires = try terms.challenge.expires.map({ try Timestamp(rfc3339: $0) }) {
        transaction.validBefore = min(
          transaction.validBefore ?? .max, UInt64(clamping: expires.seconds))
      }
      let fee = try Fees.tokenUnits(gas: transaction.gas, price: transaction.maxFeePerGas)
      guard isSponsored || fee <= options.maximumFee.units else {
        throw PaymentClientError(
          .refusedByPolicy, "the fee may reach \(fee) base units, the limit is \(options.maximumFee)")
      }
      if isSponsored {
        transaction.feePayer = .awaitingFeePayer
        transaction.feeToken = nil
      }
      return transaction
    } catch let error as PaymentClientError {
      throw error
    } catch let error as ChainError {
      throw .chain("the payment could not be prepared", error)
    } catch {
      throw PaymentClientError(.signing, "the payment could not be prepared", underlying: error)
    }
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
      source: AccountSource(chainID: chainID, address: signer.address).unverified
    ).serialized()
  }

  // MARK: The chain

  /// Broadcasts a payment that is in the journal and waits for its receipt.
  func push(_ transaction: SignedTempoTransaction) async throws(PaymentClientError) {
    let receipt: TransactionReceipt
    do {
      receipt = try await client.sendRawTransactionSync(transaction.serialized)
    } catch {
      throw .chain("the payment could not be broadcast", error)
    }
    guard receipt.succeeded else {
      throw PaymentClientError(.chain, "the payment was reverted")
    }
  }

  enum Fate: Sendable, Hashable {
    case paid
    /// Reverted, or expired without being included: it will never pay.
    case dead
    case undecided
  }

  /// What became of a payment: its receipt, or proof that it cannot be included any more.
  func fate(_ entry: ChargeEntry) async throws(PaymentClientError) -> Fate {
    do {
      if let receipt = try await client.receipt(entry.hash) { return receipt.succeeded ? .paid : .dead }
      let head = try await client.latestBlock()
      guard head.timestamp >= entry.validBefore else { return .undecided }
      // Included between the two questions?
      guard let receipt = try await client.receipt(entry.hash) else { return .dead }
      return receipt.succeeded ? .paid : .dead
    } catch {
      throw .chain("the outcome of the payment could not be read", error)
    }
  }
}
