import EVM
import MPPClient
import MPPCore
import MPPTempo
import Tempo
import TempoRPC

/// What a session client reads from the chain and has signed for it.
struct SessionChain: Sendable {
  let paying: PayingChain
  let options: TempoSessionOptions
  private let policy: SpendPolicy
  private let random: any RandomSource
  private let clock: any WallClock
  private let intents: any IntentStore

  init(
    _ paying: PayingChain, environment: ClientEnvironment, options: TempoSessionOptions,
    intents: any IntentStore
  ) {
    self.paying = paying
    self.options = options
    self.intents = intents
    policy = environment.policy
    random = environment.random
    clock = environment.clock
  }

  var account: PayingAccount { paying.account }
  var knownChainID: UInt64? { paying.knownChainID }

  /// The chain this client pays on, as its node confirms.
  func chainID() async throws(PaymentClientError) -> UInt64 { try await paying.node().chainID }

  func broadcaster() async throws(PaymentClientError) -> Broadcaster {
    Broadcaster(client: try await paying.node().client, store: intents)
  }

  /// The channel's state at one block, with that block's time. A node that does not have the block yet is asked again
  /// (U3).
  /// - Throws: `.wrongChain` when the node is on another chain than the channel, where it is empty for certain.
  func observe(_ channel: ClientChannel, at block: UInt64? = nil) async throws -> ObservedChannel {
    let client = try await paying.node(of: channel.chainID).client
    let id = channel.channelID
    var attempt = 0
    while true {
      do {
        let head = try await Self.head(block, client)
        let state = try await client.channelState(id, escrow: channel.escrow, at: .number(head.number))
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

  private static func head(_ block: UInt64?, _ client: ChainClient) async throws -> ChainBlock {
    guard let block else { return try await client.latestBlock() }
    guard let found = try await client.block(block) else {
      throw ChainError(.unavailable, "block \(block) is not there yet")
    }
    return found
  }

  /// The receipt of a transaction in a block of the chain's own; nil while there is none, or none that can be believed.
  ///
  /// What it says happened is still one node's word: callers look for it in the state after its block.
  func receipt(_ hash: Hash32) async throws(PaymentClientError) -> TransactionReceipt? {
    let client = try await paying.node().client
    do {
      guard let receipt = try await client.receipt(hash) else { return nil }
      do {
        _ = try await client.inclusion(of: receipt)
      } catch  where error.code == .unavailable {
        return nil
      }
      return receipt
    } catch {
      throw .chain("a receipt could not be read", error)
    }
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

  /// Plans and signs one call of the escrow for a server to send; nothing has left.
  /// - Parameter willSign: called when nothing but the signature is left to do.
  func sign(
    _ calldata: [UInt8], terms: SessionTerms, willSign: () -> Void
  ) async throws(PaymentClientError) -> PayingChain.Signed {
    try await paying.sign(
      [Call(to: terms.escrow, data: calldata)],
      fee: terms.feePayer ? .sponsored : .own(token: try feeToken(terms), limit: options.maximumFee),
      willSign: willSign)
  }

  /// One call of the escrow as an action of this client itself, with its identity, and the most its fee can be. Nothing is sent.
  func intent(
    _ identity: ChainIntent.Identity, _ calldata: [UInt8], _ channel: ClientChannel
  ) async throws(PaymentClientError) -> (intent: ChainIntent, fee: Amount) {
    let client = try await paying.node(of: channel.chainID).client
    let signed = try await signRecovery(
      Call(to: channel.escrow, data: calldata), tokens: try await recoveryFeeTokens(channel, client))
    let intent = ChainIntent(
      identity: identity, raw: signed.transaction.serialized, hash: signed.transaction.hash,
      validBefore: signed.validBefore, createdAt: clock.now)
    return (intent, signed.fee)
  }

  /// With the first token whose plan the node accepts.
  private func signRecovery(
    _ call: Call, tokens: [Address]
  ) async throws(PaymentClientError) -> PayingChain.Signed {
    var first: PaymentClientError?
    for token in tokens {
      do throws(PaymentClientError) {
        return try await paying.sign(
          [call], fee: .own(token: token, limit: options.maximumFee), isRecovery: true)
      } catch {
        guard error.code == .chain, !error.isRetryable else { throw error }
        first = first ?? error
      }
    }
    throw first ?? PaymentClientError(.inconsistent, "no token for the fee")
  }

  /// Tokens that may pay for getting a deposit back, those the account holds first: the channel's own may be no dollar, or all of it
  /// may be in the channel, and then something else has to pay. The policy's list of tokens does not stand in the way of that.
  private func recoveryFeeTokens(
    _ channel: ClientChannel, _ client: ChainClient
  ) async throws(PaymentClientError) -> [Address] {
    do {
      let chosen = try await client.userFeeToken(of: account.address)
      let others = options.feeTokens.sorted { $0.hex < $1.hex }
      var held: [Address] = []
      var empty: [Address] = []
      for token in [channel.descriptor.token, chosen ?? TempoAddress.pathUSD, TempoAddress.pathUSD] + others
      where !(held + empty).contains(token) {
        guard try await client.isDollar(token) else { continue }
        if try await client.balance(of: account.address, token: token) > 0 {
          held.append(token)
        } else {
          empty.append(token)
        }
      }
      return held + empty
    } catch {
      throw .planning(error)
    }
  }

  /// The server's choice where it is one of ours, and the policy lets the token be spent.
  private func feeToken(_ terms: SessionTerms) throws(PaymentClientError) -> Address {
    guard let wanted = terms.feeToken else { return terms.token }
    guard wanted == terms.token || wanted == TempoAddress.pathUSD || options.feeTokens.contains(wanted) else {
      throw PaymentClientError(.untrustedTerms, "fees in \(wanted) are not allowed")
    }
    guard policy.allows(token: wanted.hex) else {
      throw PaymentClientError(
        .refusedByPolicy, "the fee is to be paid in \(wanted), which is not an allowed token")
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

extension PaymentClientError {
  static func chain(_ reason: String, _ error: ChainError) -> PaymentClientError {
    PaymentClientError(
      error.code == .cancelled ? .cancelled : .chain, reason, isRetryable: error.isRetryable,
      underlying: error)
  }
}
