package import EVM
package import MPPCore

/// The `input` of a request: typed access, every error of the kind of its operation.
package struct ConformanceInput: Sendable {
  package let value: JSONValue
  private let kind: ConformanceFailure.Kind

  init(_ value: JSONValue, failing kind: ConformanceFailure.Kind) {
    self.value = value
    self.kind = kind
  }

  package func failure(_ message: String) -> ConformanceFailure { ConformanceFailure(kind, message) }

  /// The input itself when it is a text, else the member.
  package func only(_ key: String) throws -> String {
    try value.stringValue ?? text(key)
  }

  /// The member with the first of these names that is there; `null` counts as absent.
  package func optional(_ keys: String...) -> JSONValue? {
    for key in keys {
      if let member = value[key], !member.isNull { return member }
    }
    return nil
  }

  package func require(_ key: String, _ aliases: String...) throws -> JSONValue {
    for name in [key] + aliases {
      if let member = value[name], !member.isNull { return member }
    }
    throw failure("no \(key)")
  }

  package func text(_ key: String, _ aliases: String...) throws -> String {
    for name in [key] + aliases {
      guard let member = value[name], !member.isNull else { continue }
      guard let text = member.stringValue else { throw failure("\(key) is not a text") }
      return text
    }
    throw failure("no \(key)")
  }

  package func optionalText(_ key: String) throws -> String? {
    guard let member = optional(key) else { return nil }
    guard let text = member.stringValue else { throw failure("\(key) is not a text") }
    return text
  }

  /// An object under this name, else the input itself.
  package func object(_ key: String) -> ConformanceInput {
    if let member = value[key], case .object = member { return ConformanceInput(member, failing: kind) }
    return self
  }

  package func address(_ key: String, _ aliases: String...) throws -> Address {
    for name in [key] + aliases {
      guard let text = optional(name)?.stringValue else { continue }
      guard let address = try? Address(hex: text) else { throw failure("\(key) is not an address") }
      return address
    }
    throw failure("no \(key)")
  }

  package func word(_ key: String) throws -> Hash32 {
    guard let word = try? Hash32(hex: try text(key)) else { throw failure("\(key) is not 32 bytes") }
    return word
  }

  /// A JSON number or a decimal text.
  package func number(_ key: String) throws -> UInt64 {
    let member = try require(key)
    let amount = member.stringValue.flatMap { try? Amount(baseUnits: $0) }
    guard
      let number = amount.flatMap({ UInt64(exactly: $0.units) })
        ?? member.intValue.flatMap(UInt64.init(exactly:))
    else {
      throw failure("\(key) is not a number")
    }
    return number
  }

  /// A decimal text or a JSON integer, base units.
  package func amount(_ key: String) throws -> Amount {
    let member = try require(key)
    if let integer = member.intValue.flatMap(UInt64.init(exactly:)) { return Amount(units: UInt128(integer)) }
    guard let amount = member.stringValue.flatMap({ try? Amount(baseUnits: $0) }) else {
      throw failure("\(key) is not an amount")
    }
    return amount
  }

  package func bytes(_ key: String, _ aliases: String...) throws -> [UInt8] {
    for name in [key] + aliases {
      guard let text = optional(name)?.stringValue else { continue }
      guard let bytes = try? Hex.decode(text) else { throw failure("\(key) is not hexadecimal") }
      return bytes
    }
    throw failure("no \(key)")
  }
}
