import MPPCore

/// Amounts as people write them: whole tokens of six decimals, two of them always shown.
enum Money {
  static let decimals = 6

  static func text(_ amount: Amount) -> String { text(amount, digits: 2) }

  /// At least `digits` decimals.
  static func text(_ amount: Amount, digits: Int) -> String {
    let text = amount.decimalString(decimals: decimals)
    let parts = text.split(separator: ".")
    let fraction = parts.count > 1 ? parts[1] : ""
    return "\(parts[0]).\(fraction)" + String(repeating: "0", count: max(0, digits - fraction.count))
  }

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
