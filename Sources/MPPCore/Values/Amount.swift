/// A token amount in base units (the smallest unit of the token), exact, never negative.
///
/// All arithmetic is checked: a result that does not fit is an error, never a wrapped number.
public struct Amount: Sendable, Hashable, Comparable, CustomStringConvertible {
  // Two words, not one `UInt128`: an async function with a 128-bit integer among its stack arguments returns to the
  // wrong place (Swift 6.3.1, x86-64; docs/decisions/0001-amounts-are-two-words.md).
  @usableFromInline let high: UInt64
  @usableFromInline let low: UInt64

  /// Base units.
  @inlinable
  public var units: UInt128 { UInt128(high) << 64 | UInt128(low) }

  /// No base units.
  // Computed: a stored one would be asked for at each use whether it is there yet.
  @inlinable
  public static var zero: Amount { Amount(units: 0) }

  /// The largest cumulative amount the channel reserve can express (2^96 − 1).
  @inlinable
  public static var maxUInt96: Amount { Amount(units: (UInt128(1) << 96) - 1) }

  /// Digits accepted in a base-unit text, leading zeros included.
  static let maximumDigits = 78

  /// - Parameter units: base units.
  @inlinable
  public init(units: UInt128) {
    high = UInt64(truncatingIfNeeded: units >> 64)
    low = UInt64(truncatingIfNeeded: units)
  }

  /// Reads a base-unit integer: ASCII digits only, no sign, no separator, no exponent.
  ///
  /// Throws when the text is empty, longer than 78 characters, holds anything but digits, or exceeds 2^128 −
  /// 1.
  public init(baseUnits text: some StringProtocol) throws(AmountError) {
    guard !text.isEmpty else { throw .empty }
    var value: UInt128 = 0
    var count = 0
    for byte in text.utf8 {
      count += 1
      guard count <= Self.maximumDigits else { throw .tooLong }
      value = try Self.append(byte, to: value)
    }
    self.init(units: value)
  }

  /// Reads 1 to 19 ASCII digits, all that fit a word; `nil` for everything else, which may still be an amount.
  package init?(shortBaseUnits text: RawSpan) {
    guard (1...19).contains(text.byteCount) else { return nil }
    var value: UInt64 = 0
    for index in 0..<text.byteCount {
      let digit = text.unsafeLoadUnaligned(fromByteOffset: index, as: UInt8.self) &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      value = value &* 10 &+ UInt64(digit)
    }
    self.init(units: UInt128(value))
  }

  /// Reads a decimal amount such as `0.01` and scales it by 10^decimals, exactly.
  ///
  /// Zeros at the end of the fraction are dropped first; a fraction that still has more digits than
  /// `decimals` is an error: a price is never rounded (`01` §10). Leading zeros of the integer part are
  /// accepted.
  public init(decimal text: some StringProtocol, decimals: Int) throws(AmountError) {
    guard (0...38).contains(decimals) else { throw .invalidDecimals }
    guard !text.isEmpty else { throw .empty }
    guard text.utf8.count <= Self.maximumDigits + 1 else { throw .tooLong }
    let bytes = Array(text.utf8)
    let point = bytes.firstIndex(of: UInt8(ascii: ".")) ?? bytes.count
    guard point > 0, point != bytes.count - 1 else { throw .invalidCharacter }
    var fraction = point < bytes.count ? bytes[(point + 1)...] : []
    for byte in fraction where !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      throw .invalidCharacter
    }
    while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
    guard fraction.count <= decimals else { throw .tooManyFractionDigits(decimals: decimals) }
    var value: UInt128 = 0
    for byte in bytes[..<point] { value = try Self.append(byte, to: value) }
    for byte in fraction { value = try Self.append(byte, to: value) }
    for _ in fraction.count..<decimals { value = try Self.append(UInt8(ascii: "0"), to: value) }
    self.init(units: value)
  }

  /// - Throws: `overflow` when the sum does not fit into 128 bits.
  public func adding(_ other: Amount) throws(AmountError) -> Amount {
    let (sum, overflow) = units.addingReportingOverflow(other.units)
    guard !overflow else { throw .overflow }
    return Amount(units: sum)
  }

  /// - Throws: `underflow` when `other` is larger.
  public func subtracting(_ other: Amount) throws(AmountError) -> Amount {
    let (difference, overflow) = units.subtractingReportingOverflow(other.units)
    guard !overflow else { throw .underflow }
    return Amount(units: difference)
  }

  /// - Throws: `overflow` when the product does not fit into 128 bits.
  public func multiplied(by factor: UInt64) throws(AmountError) -> Amount {
    let (product, overflow) = units.multipliedReportingOverflow(by: UInt128(factor))
    guard !overflow else { throw .overflow }
    return Amount(units: product)
  }

  @inlinable
  public static func < (lhs: Amount, rhs: Amount) -> Bool {
    lhs.high == rhs.high ? lhs.low < rhs.low : lhs.high < rhs.high
  }

  @inlinable
  public static func == (lhs: Amount, rhs: Amount) -> Bool {
    lhs.high == rhs.high && lhs.low == rhs.low
  }

  /// The base-unit decimal integer, as on the wire.
  public var description: String {
    String(units)
  }

  /// The amount divided by 10^decimals, without trailing zeros: `10000` with 6 decimals is `0.01`.
  public func decimalString(decimals: Int) -> String {
    guard decimals > 0 else { return description }
    var digits = Array(description.utf8)
    if digits.count <= decimals {
      digits.insert(
        contentsOf: repeatElement(UInt8(ascii: "0"), count: decimals + 1 - digits.count), at: 0)
    }
    var fraction = digits.suffix(decimals)
    while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
    let whole = digits.dropLast(decimals)
    guard !fraction.isEmpty else { return String(decoding: whole, as: UTF8.self) }
    return String(decoding: whole + [UInt8(ascii: ".")] + fraction, as: UTF8.self)
  }

  private static func append(_ byte: UInt8, to value: UInt128) throws(AmountError) -> UInt128 {
    let digit = byte &- UInt8(ascii: "0")
    guard digit <= 9 else { throw .invalidCharacter }
    let (scaled, scaleOverflow) = value.multipliedReportingOverflow(by: 10)
    let (sum, sumOverflow) = scaled.addingReportingOverflow(UInt128(digit))
    guard !scaleOverflow, !sumOverflow else { throw .overflow }
    return sum
  }
}
