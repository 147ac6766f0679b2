import EVM
import Logging
public import MPPCore
import Metrics
import Synchronization

/// Reads from and sends to one Tempo node over JSON-RPC.
///
/// Every read is idempotent and is repeated after transport errors and rate limits, with a growing random
/// pause. A broadcast is attempted once; what to do after an ambiguous answer is `Broadcaster`'s business.
/// Cheap to copy: copies share the gate that bounds requests under way.
public struct ChainClient: Sendable {
  static let chainIDMethod = "eth_chainId"

  let transport: any RPCTransport
  let clock: any WallClock
  let sleeper: any Sleeper
  let random: any RandomSource
  package let limits: ChainClientLimits
  /// The chain the node must be on; nil: whichever it is on.
  private let identity: ChainIdentity?
  private let gate: RequestGate
  private let ids: RequestIDs
  private let logger: Logger
  private let jsonLimits: JSONLimits

  /// A client of its own gate; copies share it.
  ///
  /// - Parameters:
  ///   - chainID: when set, the node is asked for its chain before the first request: on another nothing is believed and nothing is sent
  ///     (``ChainError/Code/wrongChain``). It is not asked again once it was right.
  ///   - sleeper: makes the pauses between attempts and polls.
  ///   - random: spreads the pauses; no secret comes of it.
  public init(
    transport: any RPCTransport, chainID: UInt64? = nil, clock: any WallClock = SystemWallClock(),
    sleeper: any Sleeper = TaskSleeper(), random: any RandomSource = SystemRandomSource(),
    limits: ChainClientLimits = ChainClientLimits()
  ) {
    self.init(transport, chainID.map(ChainIdentity.init), clock, sleeper, random, limits)
  }

  private init(
    _ transport: any RPCTransport, _ identity: ChainIdentity?, _ clock: any WallClock,
    _ sleeper: any Sleeper, _ random: any RandomSource, _ limits: ChainClientLimits
  ) {
    self.transport = transport
    self.identity = identity
    self.clock = clock
    self.sleeper = sleeper
    self.random = random
    self.limits = limits
    gate = RequestGate(limit: limits.inFlight, waiting: limits.waiting)
    ids = RequestIDs()
    logger = Logger(label: "mpp.rpc")
    jsonLimits = RPCAnswerLimits.json(bytes: limits.answerBytes)
  }

  /// Another client of the same node with a quarter more of its own: a crowd there keeps nobody out here.
  package func share() -> ChainClient {
    var share = limits
    share.inFlight = max(1, share.inFlight / 4)
    share.waiting = max(1, share.waiting / 4)
    return ChainClient(transport, identity, clock, sleeper, random, share)
  }

  /// Asks the node for its chain, unless it was the right one before.
  /// - Throws: `.wrongChain`; otherwise what keeps the node from answering.
  package func checkChain() async throws(ChainError) {
    guard let identity, !identity.isProved else { return }
    let actual = try await chainID()
    guard identity.prove(actual) else {
      logger.error("the node is on chain \(actual), not \(identity.expected)")
      throw ChainError(.wrongChain, "the node is on chain \(actual), not \(identity.expected)")
    }
  }

  /// Calls a method that has no effect on chain, repeating it within the limits.
  /// - Throws: the error of the last attempt.
  package func read(_ method: String, _ params: [JSONValue]) async throws(ChainError) -> JSONValue {
    if method != Self.chainIDMethod { try await checkChain() }
    var pause = limits.retryPause
    var attempt = 1
    while true {
      let failure: ChainError
      var asked: Int64?
      do {
        return try await attemptOnce(method, params)
      } catch let error as RPCTransportError {
        failure = ErrorClassifier.read(error)
        guard error.isTransient else { throw failure }
        asked = error.retryAfterMilliseconds
      } catch let error as JSONRPCError {
        failure = ErrorClassifier.read(error)
        guard failure.code == .unavailable else { throw failure }
      } catch let error as ChainError {
        // What is no JSON-RPC at all comes from something in front of the node, and passes like a 503.
        guard error.code == .invalidAnswer else { throw error }
        failure = error
      } catch {
        throw ChainError(.cancelled, "cancelled")
      }
      guard attempt < limits.attempts else { throw failure }
      logger.debug("repeating a read", metadata: ["method": "\(method)", "code": "\(failure.label)"])
      try await wait(max(pause + jitter(pause), min(asked ?? 0, limits.longestRetryPause)))
      pause = min(pause * 2, limits.longestRetryPause)
      attempt += 1
    }
  }

  /// Sends raw bytes once and says what the node answered. Never throws: every outcome is an answer.
  func send(_ raw: [UInt8]) async -> SendAnswer {
    do { try await checkChain() } catch { return .notReceived(error.message) }
    do {
      let result = try await attemptOnce("eth_sendRawTransaction", [.string(Hex.encode(raw))])
      return .accepted(try RPCAnswer.hash(result, "transaction hash"))
    } catch let error as RPCTransportError {
      return ErrorClassifier.send(error)
    } catch let error as JSONRPCError {
      return ErrorClassifier.send(error)
    } catch let error as ChainError {
      // The gate refuses before anything is sent; a broken answer comes after.
      return error.code == .overloaded || error.code == .cancelled
        ? .notReceived(error.message) : .ambiguous(error.message)
    } catch {
      return .ambiguous("no answer")
    }
  }

  /// Waits. Throws only when the task is cancelled.
  func wait(_ milliseconds: Int64) async throws(ChainError) {
    do { try await sleeper.sleep(milliseconds: milliseconds) } catch {
      throw ChainError(.cancelled, "cancelled")
    }
  }

  private func attemptOnce(_ method: String, _ params: [JSONValue]) async throws -> JSONValue {
    try await gate.enter()
    defer { gate.leave() }
    let id = ids.next()
    let body = JSONRPC.request(id: id, method: method, params: params)
    let started = clock.now.milliseconds
    defer {
      Metrics.Timer(label: "mpp_rpc_seconds", dimensions: [("method", method)])
        .recordMilliseconds(max(0, clock.now.milliseconds - started))
    }
    let answer = try await transport.send(body, timeoutMilliseconds: limits.attemptTimeout)
    guard answer.count <= limits.answerBytes else {
      throw RPCTransportError(.answerTooLarge, mayHaveBeenReceived: true)
    }
    return try JSONRPC.result(of: answer, id: id, limits: jsonLimits)
  }

  private func jitter(_ bound: Int64) -> Int64 {
    let bytes = random.fill(4)
    let value = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int64(value % UInt64(max(1, bound)))
  }
}

/// Numbers the requests of one client.
private final class RequestIDs: Sendable {
  private let last = Atomic<Int64>(0)

  func next() -> Int64 { last.wrappingAdd(1, ordering: .relaxed).newValue }
}
