import MPPCore

/// Amounts as people write them: whole tokens of six decimals.
enum Money {
  static let decimals = 6

  static func text(_ amount: Amount) -> String { amount.decimalString(decimals: decimals) }

  static func parse(_ text: String, option: String) throws(CommandFailure) -> Amount {
    do {
      let amount = try Amount(decimal: text, decimals: decimals)
      guard amount > .zero else { throw CommandFailure(.usage, "\(option) is above zero") }
      return amount
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw CommandFailure(
        .usage, "\(option) \(text): \(error)", hint: "amounts are in whole tokens, such as 0.01, six decimals"
      )
    }
  }
}

extension Amount {
  /// On JSON: base units as a string, so that no reader rounds them.
  var json: JSONValue { .string(description) }
}
