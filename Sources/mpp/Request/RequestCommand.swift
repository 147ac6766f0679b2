import ArgumentParser
import MPPClient
import MPPCore
import MPPTempoClient

struct RequestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "request",
    abstract: "Make an HTTP request and pay for it, within the limits you give.",
    discussion: """
      The body goes to stdout, everything else to stderr. A charge is one transaction; a channel opened by a request stays open for the next \
      one with the same journal; `--close` or `mpp sessions close` gets the rest of its deposit back.
      """)

  @Argument(help: "Without a scheme: http on this machine, https elsewhere.")
  var url: String
  @Option(name: .customShort("X"), help: ArgumentHelp("HTTP method.", valueName: "method"))
  var method: String?
  @Option(
    name: .customShort("H"),
    help: ArgumentHelp("Header, as 'Name: value'; may be repeated.", valueName: "header"))
  var headers: [String] = []
  @Option(
    name: [.customShort("d"), .customLong("data")],
    help: "Body; @FILE reads a file, @- stdin. Makes the method POST.")
  var data: String?
  @Flag(name: [.customShort("i"), .customLong("include")], help: "Print the response head too.")
  var includeHead = false
  @Flag(name: [.customShort("s"), .customLong("silent")], help: "Nothing on stderr but errors.")
  var silent = false
  @OptionGroup(title: "Limits (whole tokens)") var spending: SpendingOptions
  @OptionGroup(title: "Limits (whole tokens)") var fees: FeeOptions
  @OptionGroup(title: "Payment") var chain: ChainOptions
  @Option(help: ArgumentHelp(KeySource.help, valueName: "source"))
  var key: String?
  @Option(
    name: .customLong("mode"),
    help:
      "Who sends the transaction of a charge: the server (pull) or this command (push). Default: as the server prefers."
  )
  var chargeMode: ChargeMode?
  @Flag(
    help:
      "Ask the server first which channel it remembers, by a signature that says who asks. For a journal that is lost or elsewhere."
  )
  var bootstrap = false
  @Option(help: "Journal of everything signed. Default: journal.db in the state folder.")
  var journal: String?
  @Option(name: [.customShort("n"), .customLong("count")], help: "Make the request this many times.")
  var count = 1
  @Option(help: "How many requests travel at once.")
  var concurrency = 1
  @Flag(
    name: .customLong("close"), help: "Close the channel afterwards and get the rest of the deposit back.")
  var closes = false
  @Flag(name: .customLong("json"), help: "One JSON object a line on stdout; see docs/cli.md.")
  var isJSON = false

  enum ChargeMode: String, ExpressibleByArgument, CaseIterable { case pull, push }

  func validate() throws {
    guard (1...10_000_000).contains(count) else { throw ValidationError("-n is between 1 and 10000000") }
    guard (1...256).contains(concurrency) else { throw ValidationError("--concurrency is between 1 and 256") }
    guard !bootstrap || spending.methods.isEmpty || spending.methods.contains("tempo/charge") else {
      throw ValidationError("--bootstrap asks with a proof, which is a tempo/charge: allow it with --via too")
    }
  }

  func run() async throws {
    let request = try RequestTarget.request(url: url, method: method, headers: headers, data: data)
    let printer = ResponsePrinter(includesHead: includeHead, isJSON: isJSON, isSilent: silent)
    let client = try await client(printer)
    let run = RequestRun(
      client: client, request: request, count: count, concurrency: concurrency, closes: closes,
      canPay: spending.maxPrice != nil, printer: printer,
      recoverCommand: RecoverCommandLine.text(chain: chain, key: key, journal: journal))
    try await Interruptible.run(stop: { run.stop() }, work: { try await run.run() })
  }

  /// Without limits a client that cannot pay: a free resource needs neither key nor chain nor journal.
  private func client(_ printer: ResponsePrinter) async throws -> PaymentClient {
    guard let policy = try spending.policy(count: count) else {
      let nothing = try SpendPolicy(
        maximumPrice: Amount(units: 1), maximumDeposit: Amount(units: 1), maximumTotal: Amount(units: 1),
        periodSeconds: 1)
      return try PaymentClient(
        methods: [], spending: nothing, journal: .volatile,
        transport: ClientFactory.transport(concurrency: concurrency), logger: ClientLog.quiet)
    }
    return try await ClientFactory.client(
      chain: chain, key: key, journal: journal, policy: policy, maximumFee: fees.limit(),
      concurrency: concurrency,
      mode: chargeMode.flatMap { TempoChargeOptions.Mode(rawValue: $0.rawValue) }, bootstrap: bootstrap
    ).client
  }
}
