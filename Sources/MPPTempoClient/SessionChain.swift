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
  let signer: any Signer
  let random: any RandomSource
  let options: TempoSessionOptions
  let broadcaster: Broadcaster
  private let identity: ChainIdentity

  init(
    network: TempoNetwork, signer: any Signer, environment: ClientEnvironment, options: TempoSessionOptions,
    intents: any IntentStore
  ) throws {
    client = ChainClient(
      transport: try network.makeTransport(), clock: environment.clock, sleeper: options.sleeper,
      random: environment.random)
    self.signer = signer
    random = environment.random
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
  func sign(
    _ calldata: [UInt8], terms: SessionTerms
  ) async throws(PaymentClientError) -> SignedTempoTransaction {
    let chainID = try await chainID()
    do {
      let feeToken = try feeToken(terms)
      let planner = TransactionPlanner(client: client, chainID: chainID, random: random)
      var transaction = try await planner.plan(
        calls: [Call(to: terms.escrow, data: calldata)], from: signer.address, feeToken: feeToken)
      let fee = try Fees.tokenUnits(gas: transaction.gas, price: transaction.maxFeePerGas)
      guard terms.feePayer || fee <= options.maximumFee.units else {
        throw PaymentClientError(
          .refusedByPolicy, "the fee may reach \(fee) base units, the limit is \(options.maximumFee)")
      }
      if terms.feePayer {
        // The sponsor picks the fee token; it is not part of what the payer signs.
        transaction.feePayer = .awaitingFeePayer
        transaction.feeToken = nil
      }
      let signed = try await transaction.signed(by: signer)
      return terms.feePayer ? try signed.handOff(sender: signer.address) : signed
    } catch let error as PaymentClientError {
      throw error
    } catch let error as ChainError {
      throw .chain("the transaction could not be prepared", error)
    } catch {
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
