import ArgumentParser
import EVM
import MPPClient
import MPPCore
import Tempo

/// What a command may spend. Without `--max-price` nothing is paid.
struct SpendingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Highest price of one request. Without it nothing is paid.", valueName: "amount"))
  var maxPrice: String?
  @Option(
    help: ArgumentHelp(
      "Most that is deposited in one channel. Default: 100 times --max-price, or -n times.",
      valueName: "amount"))
  var maxDeposit: String?
  @Option(
    help: ArgumentHelp(
      "Most that is authorised in any 24 hours with this journal. Default: ten times --max-deposit.",
      valueName: "amount"))
  var maxPerDay: String?

  @Option(
    name: .customLong("via"),
    help: ArgumentHelp(
      "Pay in this way only, tempo/charge or tempo/session; may be repeated. Default: as the server prefers.",
      valueName: "method/intent"))
  var methods: [String] = []
  @Option(
    name: .customLong("currency"),
    help: ArgumentHelp(
      "Pay in this token; may be repeated. Default: pathUSD and USDC.e.", valueName: "address"))
  var tokens: [String] = []
  @Option(
    name: .customLong("recipient"),
    help: ArgumentHelp("Pay this account only; may be repeated.", valueName: "address"))
  var recipients: [String] = []

  func validate() throws {
    for method in methods where method != "tempo/charge" && method != "tempo/session" {
      throw ValidationError("--via is tempo/charge or tempo/session, not \(method)")
    }
    for address in tokens + recipients where (try? Address(hex: address)) == nil {
      throw ValidationError("\(address) is not an address (0x and 40 hex digits)")
    }
  }

  /// `nil` when nothing may be paid.
  func policy(count: Int) throws -> SpendPolicy? {
    guard let maxPrice else {
      guard maxDeposit == nil, maxPerDay == nil else {
        throw CommandFailure(.usage, "--max-deposit and --max-per-day need --max-price")
      }
      return nil
    }
    let price = try Money.parse(maxPrice, option: "--max-price")
    let deposit =
      try maxDeposit.map { text throws in try Money.parse(text, option: "--max-deposit") }
      ?? price.multiplied(by: UInt64(max(100, count)))
    let total =
      try maxPerDay.map { text throws in try Money.parse(text, option: "--max-per-day") }
      ?? deposit.multiplied(by: 10)
    return narrowed(
      try SpendPolicy(
        maximumPrice: price, maximumDeposit: deposit, maximumTotal: total, periodSeconds: 86_400))
  }

  /// Limits are numbers of whole tokens: without a word on the token they are meant in dollars.
  private static let dollars = [TempoAddress.pathUSD.hex, TempoAddress.usdcE.hex]

  private func narrowed(_ policy: SpendPolicy) -> SpendPolicy {
    var policy = policy
    if !methods.isEmpty { policy = policy.paying(methods: methods) }
    policy = policy.paying(tokens: tokens.isEmpty ? Self.dollars : tokens)
    if !recipients.isEmpty { policy = policy.paying(recipients: recipients) }
    return policy
  }
}
