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

  /// The receipt of a transaction, or nil while the chain has none.
  func receipt(_ hash: Hash32) async throws(PaymentClientError) -> TransactionReceipt? {
    let client = try await paying.node().client
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
    _ = try await paying.node(of: channel.chainID)
    let signed = try await paying.sign(
      [Call(to: channel.escrow, data: calldata)],
      fee: .own(token: channel.descriptor.token, limit: options.maximumFee), isRecovery: true)
    let intent = ChainIntent(
      identity: identity, raw: signed.transaction.serialized, hash: signed.transaction.hash,
      validBefore: signed.validBefore, createdAt: clock.now)
    return (intent, signed.fee)
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

extension PaymentClientError {
  static func chain(_ reason: String, _ error: ChainError) -> PaymentClientError {
    PaymentClientError(
      error.code == .cancelled ? .cancelled : .chain, reason, isRetryable: error.isRetryable,
      underlying: error)
  }
}
