import ArgumentParser
import EVM
import Logging
import MPPClient
import MPPCore
import MPPStoreSQLite
import MPPTempoClient

struct SessionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sessions",
    abstract: "The channels you have opened: list them, close them, get deposits back.",
    subcommands: [SessionsListCommand.self, SessionsCloseCommand.self, SessionsRecoverCommand.self])
}

/// What the three commands have in common.
struct SessionsOptions: ParsableArguments {
  @OptionGroup var chain: ChainOptions
  @Option(help: ArgumentHelp(KeySource.help, valueName: "source"))
  var key: String?
  @Option(help: "Journal. Default: journal.db in the state folder.")
  var journal: String?
  @Flag(name: .customLong("json"), help: "One JSON object a line; see docs/cli.md.")
  var isJSON = false

  /// Runs `body` with a client that can close and withdraw, but pays nothing.
  func withClient<T: Sendable>(
    _ progress: String, maximumFee: Amount, recoveryBlocks: UInt64? = nil, logger: Logger = ClientLog.quiet,
    _ body: @escaping @Sendable (PaymentClient) async throws -> T
  ) async throws -> T {
    try await withJournal(
      progress, maximumFee: maximumFee, recoveryBlocks: recoveryBlocks, logger: logger
    ) { client, _, _ in try await body(client) }
  }

  /// The same, with the client's journal, to be read only.
  func withJournal<T: Sendable>(
    _ progress: String, maximumFee: Amount, recoveryBlocks: UInt64? = nil, isOffline: Bool = false,
    logger: Logger = ClientLog.quiet,
    _ body: @escaping @Sendable (PaymentClient, SQLiteJournal, Address) async throws -> T
  ) async throws -> T {
    let nothing = try SpendPolicy(
      maximumPrice: Amount(units: 1), maximumDeposit: Amount(units: 1), maximumTotal: Amount(units: 1),
      periodSeconds: 1)
    let (client, journal, payer) = try await ClientFactory.client(
      chain: chain, key: key, journal: journal, policy: nothing, maximumFee: maximumFee,
      recoveryBlocks: recoveryBlocks, isOffline: isOffline, logger: logger)
    return try await Interruptible.run(work: {
      let result: T
      do {
        try await client.start()
        result = try await Progress.during({ progress }, work: { try await body(client, journal, payer) })
      } catch {
        do { try await client.shutdown() } catch {}
        throw error
      }
      try await client.shutdown()
      return result
    })
  }
}

struct SessionsListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "What the journal knows of this account's channels. The chain is not asked.")

  @OptionGroup var options: SessionsOptions
  @Flag(help: "Those that are closed, too.")
  var all = false

  func run() async throws {
    let (channels, charges) = try await options.withJournal(
      "reading the journal", maximumFee: .zero, isOffline: true
    ) { client, journal, payer in
      let charges = try await UnfinishedCharge.all(in: journal)
      return (try await client.channels(), charges.filter { $0.payer.map { $0 == payer.hex } ?? true })
    }
    show(channels)
    show(charges)
  }

  /// Charges whose answer never counted: the next equal request presents them.
  private func show(_ charges: [UnfinishedCharge]) {
    for charge in charges {
      if options.isJSON {
        Output.json(SessionReport.json(charge))
      } else {
        Output.line(SessionReport.line(charge))
      }
    }
  }

  private func show(_ channels: [ChannelStatus]) {
    let shown = channels.filter { all || $0.mayHoldMoney }
    if options.isJSON {
      for channel in shown { Output.json(SessionReport.json(channel)) }
    } else if shown.isEmpty {
      Output.line(
        channels.isEmpty ? "No channels." : "No open channels (\(channels.count) closed; --all shows them).")
    } else {
      Output.line(SessionReport.table(shown))
    }
  }
}

struct SessionsCloseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "close",
    abstract: "Close channels together with their servers; what was not spent comes back.",
    discussion:
      "A channel that cannot be closed stays in the journal. If its server is gone for good, use `recover`.")

  @Argument(help: "Channel id; may be shortened as long as it is clear.")
  var channel: String?
  @Flag(help: "All channels.")
  var all = false
  @OptionGroup var fees: FeeOptions
  @OptionGroup var options: SessionsOptions

  func validate() throws {
    guard (channel == nil) == all else { throw ValidationError("name a channel, or --all") }
  }

  func run() async throws {
    let (outcomes, channels) = try await options.withClient("closing", maximumFee: fees.limit()) {
      [channel] client in
      let outcomes =
        if let channel {
          try await client.close(.id(try await Self.find(channel, in: client)))
        } else {
          try await client.close(.all)
        }
      return (outcomes, try await client.channels())
    }
    for outcome in outcomes {
      if options.isJSON {
        Output.json(CloseReport.json(outcome))
      } else {
        Output.line(CloseReport.text(outcome))
      }
    }
    let command = RecoverCommandLine.text(chain: options.chain, key: options.key, journal: options.journal)
    if options.isJSON { for event in OutOfUse.json(channels, recover: command) { Output.json(event) } }
    try finish(
      outcomes, OutOfUse.lines(channels, recover: command), Set(channels.filter(OutOfUse.contains).map(\.id)))
  }

  /// - Parameter left: what is said of channels that only the chain can close.
  private func finish(_ outcomes: [CloseOutcome], _ left: [String], _ outOfUse: Set<String>) throws {
    if outcomes.contains(where: { $0.error != nil && !outOfUse.contains($0.channel) }) {
      throw CommandFailure(
        .paymentFailed, "not every channel could be closed; nothing is lost",
        hint: "try again, or get the deposit back without the server: mpp sessions recover --all",
        details: left)
    }
    guard left.isEmpty || !all && outcomes.allSatisfy({ $0.error == nil }) else {
      throw CommandFailure(
        .paymentFailed,
        "there are channels that cannot be closed together with their servers; nothing is lost",
        details: left)
    }
    for line in left { Output.note("mpp: \(PlainText.text(line))") }
    if outcomes.isEmpty, !options.isJSON { Output.line("Nothing to close.") }
  }

  private static func find(_ text: String, in client: PaymentClient) async throws -> String {
    let start = text.lowercased()
    let matches = try await client.channels().filter { $0.id.hasPrefix(start) }
    guard let match = matches.first, matches.count == 1 || match.id == start else {
      throw CommandFailure(
        .usage, matches.isEmpty ? "no channel \(text) in this journal" : "\(text) means several channels",
        hint: "`mpp sessions list --all` shows those of this account and journal")
    }
    return match.id
  }
}

struct SessionsRecoverCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recover",
    abstract: "Bring journal and chain together after a crash, and get deposits back.",
    discussion: """
      Also finds channels the journal has lost. A channel whose server does not help is closed on chain: the \
      deposit can be withdrawn after a grace period, by running `recover` again. Safe to repeat.
      """)

  @Flag(help: "Close the channels that can still be used, too.")
  var all = false
  @Option(
    help:
      "Blocks searched backwards for channels the journal has lost. Older ones are not found; a note says so."
  )
  var blocks: UInt64 = TempoSessionOptions().recoveryBlocks
  @OptionGroup var fees: FeeOptions
  @OptionGroup var options: SessionsOptions

  func run() async throws {
    let recovery = try await options.withClient(
      "looking at the chain", maximumFee: fees.limit(), recoveryBlocks: blocks, logger: ClientLog.notes
    ) { [all] in
      try await Recovery(all ? .everything : .unusable, $0)
    }
    let (channels, incomplete) = (recovery.channels, recovery.incomplete)
    let ended = channels.filter { $0.note == nil && recovery.hasEnded($0) }
    let left = channels.filter { $0.mayHoldMoney || $0.note != nil }
    if options.isJSON {
      for channel in ended + left {
        Output.json(SessionReport.recoveredJSON(channel, refunded: recovery.refunded(channel)))
      }
    } else {
      for channel in ended {
        Output.line(SessionReport.closedLine(channel, refunded: recovery.refunded(channel)))
      }
      if !left.isEmpty {
        Output.line(SessionReport.table(left))
      } else if incomplete == nil {
        Output.line("Nothing is left to recover.")
      }
    }
    if let incomplete {
      throw CommandFailure(
        .paymentFailed, FailureMapping.reason(incomplete),
        hint: "there may be deposits the journal does not know: run `mpp sessions recover` again later")
    }
    // The library's words: a limit of the user's own stands in the way.
    if channels.contains(where: { $0.note?.utf8.starts(with: "refused-by-policy: the fee".utf8) == true }) {
      throw CommandFailure(
        .refusedByPolicy,
        "getting deposits back costs more in fees than your limit; nothing was signed for that",
        hint: "allow more with --max-fee, or run `mpp sessions recover` again later")
    }
    guard !channels.contains(where: { ($0.phase != "open" || $0.note != nil) && $0.mayHoldMoney }) else {
      throw CommandFailure(
        .paymentFailed, "some deposits are not back yet", hint: "run `mpp sessions recover` again later")
    }
  }
}

/// What one run of `recover` did.
private struct Recovery: Sendable {
  let channels: [ChannelStatus]
  /// Why the chain could not be searched for channels that the journal does not know.
  let incomplete: PaymentClientError?
  private let before: [String: ChannelStatus]

  init(_ scope: RecoveryScope, _ client: PaymentClient) async throws {
    before = Dictionary(try await client.channels().map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    do {
      channels = try await client.recover(scope)
      incomplete = nil
    } catch let error as PaymentClientError where error.code == .recoveryIncomplete {
      channels = error.channels
      incomplete = error
    }
  }

  /// Whether the channel ended in this run.
  func hasEnded(_ channel: ChannelStatus) -> Bool {
    !channel.mayHoldMoney && before[channel.id].map(\.mayHoldMoney) ?? true
  }

  /// What came back when the channel was closed in this run; nil when it was not, or its end is not known.
  func refunded(_ channel: ChannelStatus) -> Amount? {
    guard hasEnded(channel), channel.phase == "closed", channel.note == nil, let before = before[channel.id]
    else { return nil }
    do { return try before.deposit.subtracting(channel.settled) } catch { return nil }
  }
}
