import ArgumentParser
import MPPClient
import MPPCore

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
    return try SpendPolicy(
      maximumPrice: price, maximumDeposit: deposit, maximumTotal: total, periodSeconds: 86_400)
  }
}
