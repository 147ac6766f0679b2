public import Logging
public import MPPCore
import Synchronization

/// An HTTP client that pays when it is asked to, never more than its policy allows.
///
/// Nothing global is hooked: only requests made through `execute` are paid, and receipts are read only from their
/// answers (A7). Everything signed is in the journal before it leaves; `recover()` brings deposits back after a crash.
/// Concurrent calls are welcome: requests that share a channel get strictly increasing vouchers (U2).
public final class PaymentClient: Sendable {
  /// What the client may spend; fixed for its life.
  public let policy: SpendPolicy
  /// Timeouts and bounds; fixed for its life.
  public let options: ClientOptions
  let methods: [any ClientMethod]
  let preferences: Preferences
  let transport: any HTTPTransport
  let journal: any PaymentJournal
  let spending: SpendLedger
  let clock: any WallClock
  let sleeper: any Sleeper
  let logger: Logger
  let bootstraps = BootstrapGate()
  private let starting = FIFOPermits(count: 1)
  private let status = Mutex(Status.new)

  private enum Status: Sendable {
    case new
    case running
    case shutDown
  }

  /// - Parameters:
  ///   - methods: the ways to pay, such as `.tempo(.environment("MPP_PRIVATE_KEY"), network: .mainnet)`.
  ///   - spending: what may be spent; there is no default and no unlimited form.
  ///   - journal: where everything signed is written down first, such as `.sqlite(at: "payments.journal")`.
  ///   - transport: nil: AsyncHTTPClient.
  ///   - clock, sleeper, random: the time, waits and randomness that are used; for tests.
  /// - Throws: `PaymentClientError` for a journal that cannot be opened or a method that cannot be set up, `AcceptPaymentError` for a
  ///   preference that names no method.
  public init(
    methods: [ClientMethodProvider], spending: SpendPolicy, journal: JournalProvider,
    transport: (any HTTPTransport)? = nil, options: ClientOptions = ClientOptions(),
    clock: any WallClock = SystemWallClock(), sleeper: any Sleeper = TaskSleeper(),
    random: any RandomSource = SystemRandomSource(),
    logger: Logger = Logger(label: "mpp.client")
  ) throws {
    self.policy = spending
    self.options = options
    self.clock = clock
    self.sleeper = sleeper
    self.logger = logger
    do {
      self.journal = SoleWriterJournal(try journal.open())
    } catch {
      throw PaymentClientError(.journal, "the journal cannot be opened", underlying: error)
    }
    self.spending = SpendLedger(policy: spending, clock: clock)
    // From here on there may be a transport of our own: it must be shut down, whatever else goes wrong.
    let chosen = try transport.map { ChosenTransport.given($0) } ?? .own()
    self.transport = chosen.transport
    let environment = ClientEnvironment(
      journal: self.journal, transport: self.transport, policy: spending, options: options, clock: clock,
      sleeper: sleeper, random: random, logger: logger, spending: self.spending)
    do {
      self.methods = try methods.flatMap { try $0.make(environment) }
      preferences = try Preferences(
        methods: self.methods, weights: options.preferences, policy: spending,
        isSent: options.sendsAcceptPayment)
    } catch {
      chosen.abandon()
      throw error
    }
  }

  /// Reads the journal. Done by the first call of anything else; call it to see its errors early.
  /// Safe to repeat, also after it has failed.
  public func start() async throws {
    switch status.withLock({ $0 }) {
    case .running: return
    case .shutDown: throw PaymentClientError(.shutDown, "the client was shut down")
    case .new: break
    }
    try await starting.withPermits {
      guard case .new = status.withLock({ $0 }) else { return }
      do {
        try spending.restore(try await journal.records(kind: SpendLedger.recordKind))
      } catch let error as JournalError {
        throw PaymentClientError(.journal, "the journal cannot be read", underlying: error)
      }
      for method in methods { try await method.start() }
      status.withLock { if case .new = $0 { $0 = .running } }
    }
  }

  /// What has been authorised in the policy's current period, in base units.
  public func authorizedInPeriod() async throws -> Amount {
    try await start()
    return spending.total()
  }

  /// Every channel this client knows of.
  public func channels() async throws -> [ChannelStatus] {
    try await start()
    var all: [ChannelStatus] = []
    for method in methods { all += try await method.channels() }
    return all
  }

  /// Closes channels cooperatively: waits for their requests in flight, signs what was delivered, and checks the answer
  /// against the chain. Safe to repeat; a channel that could not be closed stays listed, with the reason.
  public func close(_ selection: ChannelSelection = .all) async throws -> [CloseOutcome] {
    try await start()
    var outcomes: [CloseOutcome] = []
    for method in methods { outcomes += try await method.close(selection) }
    return outcomes
  }

  /// Brings journal and chain together after a crash, finds channels the journal has lost, and gets back what it can:
  /// by close requests and, after the grace period, withdrawals. Repeat it until nothing is refundable.
  /// - Throws: `.recoveryIncomplete` when not every channel could be looked for; what was done all the same is in its `channels`.
  ///   `.wrongChain` for a node of another chain: nothing was done.
  public func recover(_ scope: RecoveryScope = .unusable) async throws -> [ChannelStatus] {
    try await start()
    var all: [ChannelStatus] = []
    for method in methods { all += try await method.recover(scope) }
    return all
  }

  /// Stores what is not stored yet and closes connections and journal. Channels stay open and can be used by the next
  /// client with the same journal; close them first to get their deposits back.
  public func shutdown() async throws {
    let previous = status.withLock { status in
      defer { status = .shutDown }
      return status
    }
    if case .shutDown = previous { return }
    for method in methods { await method.shutdown() }
    await transport.shutdown()
    do {
      try await journal.close()
    } catch {
      throw PaymentClientError(.journal, "the journal could not be closed", underlying: error)
    }
  }
}
