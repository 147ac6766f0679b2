import EVM
import MPPClient
import MPPCore
import MPPTempo
import Synchronization
import Tempo
import TempoRPC

/// What a session client reads from the chain and has signed for it.
struct SessionChain: Sendable {
  let client: ChainClient
  let account: PayingAccount
  let random: any RandomSource
  private let clock: any WallClock
  let options: TempoSessionOptions
  let broadcaster: Broadcaster
  private let identity: ChainIdentity

  init(
    network: TempoNetwork, account: PayingAccount, environment: ClientEnvironment,
    options: TempoSessionOptions, intents: any IntentStore
  ) throws {
    client = ChainClient(
      transport: try network.makeTransport(), clock: environment.clock, sleeper: options.sleeper,
      random: environment.random)
    self.account = account
    random = environment.random
    clock = environment.clock
    self.options = options
    broadcaster = Broadcaster(client: client, store: intents)
    identity = ChainIdentity(network.chainID)
  }

  /// The chain this client pays on.
  func chainID() async throws(PaymentClientError) -> UInt64 {
    if let known = identity.value { return known }
    do {
      let id = try await client.chainID()
      identity.value = id
      return id
    } catch {
      throw .chain("the node's chain id could not be read", error)
    }
  }

  var knownChainID: UInt64? { identity.value }

  /// The channel's state at one block, with that block's time. A node that does not have the block yet is asked again
  /// (U3).
  func observe(
    _ id: Hash32, escrow: Address, at block: UInt64? = nil
  ) async throws -> ObservedChannel {
    var attempt = 0
    while true {
      do {
        let head = try await head(block)
        let state = try await client.channelState(id, escrow: escrow, at: .number(head.number))
        return ObservedChannel(
          settled: Amount(units: state.settled), deposit: Amount(units: state.deposit),
          closeRequestedAt: state.closeRequestedAt == 0
            ? nil : Timestamp(seconds: Int64(state.closeRequestedAt)),
          blockTime: Timestamp(seconds: Int64(clamping: head.timestamp)))
      } catch let error as ChainError {
        attempt += 1
        guard attempt < 5, error.isRetryable || error.code == .rejected else {
          throw PaymentClientError.chain("the state of channel \(id) could not be read", error)
        }
      }
      try await pause()
    }
  }

  private func head(_ block: UInt64?) async throws -> ChainBlock {
    guard let block else { return try await client.latestBlock() }
    guard let found = try await client.block(block) else {
      throw ChainError(.unavailable, "block \(block) is not there yet")
    }
    return found
  }

  /// The receipt of a transaction, or nil while the chain has none.
  func receipt(_ hash: Hash32) async throws(PaymentClientError) -> TransactionReceipt? {
    do { return try await client.receipt(hash) } catch { throw .chain("a receipt could not be read", error) }
  }

  /// Asks a few times, with pauses, until there is a receipt.
  func settledReceipt(_ hash: Hash32, attempts: Int = 20) async throws(PaymentClientError)
    -> TransactionReceipt?
  {
    for attempt in 0..<max(1, attempts) {
      if attempt > 0 { try await pause() }
      if let receipt = try await receipt(hash) { return receipt }
    }
    return nil
  }

  func pause() async throws(PaymentClientError) {
    do { try await options.sleeper.sleep(milliseconds: 250) } catch {
      throw PaymentClientError(.cancelled, "cancelled")
    }
  }

  /// Plans and signs one call of the escrow; nothing is sent. Fees stay within the client's limit (T14).
  /// - Parameter willSign: called when nothing but the signature is left to do.
  func sign(
    _ calldata: [UInt8], terms: SessionTerms, willSign: () -> Void = {}
  ) async throws(PaymentClientError) -> SignedTempoTransaction {
    let planner = TransactionPlanner(client: client, chainID: try await chainID(), random: random)
    var transaction = try await account.plan(
      [Call(to: terms.escrow, data: calldata)], feeToken: terms.feePayer ? nil : try feeToken(terms),
      isSponsored: terms.feePayer, planner)
    do {
      let fee = try Fees.tokenUnits(gas: transaction.gas, price: transaction.maxFeePerGas)
      guard terms.feePayer || fee <= options.maximumFee.units else {
        throw PaymentClientError(
          .refusedByPolicy, "the fee may reach \(fee) base units, the limit is \(options.maximumFee)")
      }
      // The sponsor picks the fee token; it is not part of what the payer signs.
      if terms.feePayer { transaction.feePayer = .awaitingFeePayer }
      willSign()
      let signed = try await transaction.signed(by: account.signer)
      return terms.feePayer ? try signed.handOff(sender: account.address) : signed
    } catch {
      account.abandon(transaction)
      guard let error = error as? PaymentClientError else {
        throw PaymentClientError(.signing, "the transaction could not be signed", underlying: error)
      }
      throw error
    }
  }

  /// One call of the escrow as an action of this client itself, with its identity. Nothing is sent.
  func intent(
    _ identity: ChainIntent.Identity, _ calldata: [UInt8], _ channel: ClientChannel
  ) async throws(PaymentClientError) -> ChainIntent {
    let planner = TransactionPlanner(client: client, chainID: channel.chainID, random: random)
    let transaction = try await account.plan(
      [Call(to: channel.escrow, data: calldata)], feeToken: channel.descriptor.token, isSponsored: false,
      planner)
    do {
      let signed = try await transaction.signed(by: account.signer)
      return ChainIntent(
        identity: identity, raw: signed.serialized, hash: signed.hash, validBefore: transaction.validBefore,
        createdAt: clock.now)
    } catch {
      account.abandon(transaction)
      throw PaymentClientError(.signing, "the transaction could not be signed", underlying: error)
    }
  }

  private func feeToken(_ terms: SessionTerms) throws(PaymentClientError) -> Address {
    guard let wanted = terms.feeToken else { return terms.token }
    guard wanted == terms.token || wanted == TempoAddress.pathUSD || options.feeTokens.contains(wanted) else {
      throw PaymentClientError(.untrustedTerms, "fees in \(wanted) are not allowed")
    }
    return wanted
  }

  /// 32 bytes of the injected source.
  func salt() throws(PaymentClientError) -> Hash32 {
    do { return try Hash32(random.fill(32)) } catch {
      throw PaymentClientError(.inconsistent, "no random salt", underlying: error)
    }
  }
}

private final class ChainIdentity: Sendable {
  private let stored: Mutex<UInt64?>
  init(_ value: UInt64?) { stored = Mutex(value) }
  var value: UInt64? {
    get { stored.withLock { $0 } }
    set { stored.withLock { $0 = newValue } }
  }
}

extension PaymentClientError {
  static func chain(_ reason: String, _ error: ChainError) -> PaymentClientError {
    PaymentClientError(
      error.code == .cancelled ? .cancelled : .chain, reason, isRetryable: error.isRetryable,
      underlying: error)
  }
}
