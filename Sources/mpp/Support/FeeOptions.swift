import ArgumentParser
import MPPCore

/// What a transaction of the account may cost besides what it pays.
struct FeeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Most that one transaction of yours may cost in fees, on top of what is paid.", valueName: "amount"))
  var maxFee = "0.05"

  func limit() throws -> Amount { try Money.parse(maxFee, option: "--max-fee") }
}
