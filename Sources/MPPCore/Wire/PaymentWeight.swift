/// How much a client wants to pay in one way, in thousandths: the `q` of `Accept-Payment`.
public struct PaymentWeight: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// 0…1000.
  public let thousandths: Int

  /// Not at all.
  public static let none = PaymentWeight(0)
  /// As gladly as any; written without `q`.
  public static let full = PaymentWeight(1000)

  private init(_ thousandths: Int) {
    self.thousandths = thousandths
  }

  /// Nil outside 0…1000.
  public init?(thousandths: Int) {
    guard (0...1000).contains(thousandths) else { return nil }
    self.thousandths = thousandths
  }

  /// Nil unless the value is between 0 and 1 and has at most three decimals.
  public init?(_ value: Double) {
    guard value >= 0, value <= 1 else { return nil }
    let rounded = (value * 1000).rounded()
    guard (value * 1000 - rounded).magnitude <= 1e-9 else { return nil }
    self.init(Int(rounded))
  }

  /// A weight as HTTP writes it: `0`, `1`, or with a point and at most three digits.
  init?(qvalue text: String) {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, first == UInt8(ascii: "0") || first == UInt8(ascii: "1"),
      bytes.count == 1 || (bytes[1] == UInt8(ascii: ".") && bytes.count <= 5)
    else { return nil }
    var value = Int(first - UInt8(ascii: "0"))
    for position in 2..<5 {
      let digit = position < bytes.count ? Int(bytes[position]) - Int(UInt8(ascii: "0")) : 0
      guard (0...9).contains(digit) else { return nil }
      value = value * 10 + digit
    }
    self.init(thousandths: value)
  }

  public static func < (lhs: Self, rhs: Self) -> Bool { lhs.thousandths < rhs.thousandths }

  /// At most three decimals, without zeros at the end: `0.25`.
  public var description: String {
    guard thousandths % 1000 != 0 else { return String(thousandths / 1000) }
    var digits = String(1000 + thousandths % 1000).dropFirst()
    while digits.utf8.last == UInt8(ascii: "0") { digits = digits.dropLast() }
    return "\(thousandths / 1000).\(digits)"
  }
}
