@testable import EVM
@testable import MPPCore
@testable import MPPTempo
@testable import Tempo

/// The small texts: amounts, timestamps, base64, hexadecimal, sources, addresses.
enum ValueProperties {
  static func check(_ bytes: [UInt8]) throws {
    let text = String(decoding: bytes, as: UTF8.self)
    try amounts(text, decimals: Int(bytes.first ?? 0) % 41)
    try timestamps(text)
    try base64(text)
    try hexadecimal(text)
    try subscriptionTexts(text)
    if let (chainID, address) = UnverifiedSource(text).account {
      try require(
        text.hasBytes(of: "did:pkh:eip155:\(chainID):\(address)"), "a source has two spellings")
    }
    _ = BodyDigest.verify(text, body: bytes)
  }

  private static func amounts(_ text: String, decimals: Int) throws {
    if let amount = try? Amount(baseUnits: text) {
      let again = try Amount(baseUnits: amount.description)
      try require(again == amount, "an amount changes when it is written and read")
    }
    if let amount = try? Amount(decimal: text, decimals: decimals) {
      let written = amount.decimalString(decimals: decimals)
      try require(
        try Amount(decimal: written, decimals: decimals) == amount, "a decimal amount changes")
    }
    if let number = try? UInt256(decimal: text) {
      try require(try UInt256(decimal: number.description) == number, "a decimal number changes")
    }
  }

  private static func timestamps(_ text: String) throws {
    guard let instant = try? Timestamp(rfc3339: text) else { return }
    try require(Timestamp.isWellFormed(text), "an instant that is not well-formed")
    guard instant.milliseconds >= -62_167_219_200_000, instant.milliseconds <= 253_402_300_799_999 else {
      return
    }
    try require(try Timestamp(rfc3339: instant.rfc3339) == instant, "an instant changes")
  }

  private static func subscriptionTexts(_ text: String) throws {
    if let expiry = try? SubscriptionExpiry(text) {
      try require(try SubscriptionExpiry(expiry.text) == expiry, "the end of a subscription changes")
    }
    if let period = try? SubscriptionPeriod(count: text, unit: "week") {
      try require(period.seconds / 604_800 == period.count, "a period wraps")
    }
    let source = UnverifiedSource(text)
    if let account = AccountSource(strict: source) {
      try require(
        text.hasBytes(of: account.text) || text.hasBytes(of: account.lowerCaseText),
        "an account has a third spelling")
    }
  }

  private static func base64(_ text: String) throws {
    guard let decoded = try? Base64URL.decode(text) else { return }
    try require(try Base64.decode(text) == decoded, "the two decoders differ")
    try require(try Base64URL.decode(Base64URL.encode(decoded)) == decoded, "base64url changes bytes")
    try require(try Base64.decode(Base64.encode(decoded)) == decoded, "base64 changes bytes")
  }

  private static func hexadecimal(_ text: String) throws {
    if let decoded = try? Hex.decode(text) {
      try require(Hex.encode(decoded) == text.lowercased(), "hexadecimal changes bytes")
    }
    if let address = try? Address(hex: text) {
      try require(try Address(hex: address.checksummed) == address, "an address changes")
    }
    if let number = try? UInt256(quantity: text) {
      try require(try UInt256(quantity: number.hexQuantity) == number, "a quantity changes")
    }
  }
}
