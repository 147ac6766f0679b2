/// ECMAScript `Number::toString`. The shortest digits that read back as the same double are those of Swift's
/// `description`; only their layout differs (`10` §8).
enum NumberLayout {
  static func append(_ value: Double, to bytes: inout [UInt8]) {
    guard value != 0 else {
      bytes.append(UInt8(ascii: "0"))
      return
    }
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    let (digits, point) = digits(of: value.magnitude)
    let zero = UInt8(ascii: "0")
    switch point {
    case digits.count...21 where digits.count <= 21:
      bytes.append(contentsOf: digits)
      bytes.append(contentsOf: repeatElement(zero, count: point - digits.count))
    case 1...21:
      bytes.append(contentsOf: digits[..<point])
      bytes.append(UInt8(ascii: "."))
      bytes.append(contentsOf: digits[point...])
    case -5...0:
      bytes.append(contentsOf: "0.".utf8)
      bytes.append(contentsOf: repeatElement(zero, count: -point))
      bytes.append(contentsOf: digits)
    default:
      bytes.append(digits[0])
      if digits.count > 1 {
        bytes.append(UInt8(ascii: "."))
        bytes.append(contentsOf: digits[1...])
      }
      bytes.append(UInt8(ascii: "e"))
      bytes.append(UInt8(ascii: point > 0 ? "+" : "-"))
      bytes.append(contentsOf: String((point - 1).magnitude).utf8)
    }
  }

  /// Significant digits without zeros at either end, and the position of the decimal point relative to their
  /// start.
  private static func digits(of value: Double) -> (digits: [UInt8], point: Int) {
    let text = Array(value.description.utf8)
    let exponentIndex = text.firstIndex(of: UInt8(ascii: "e")) ?? text.count
    let exponent = Int(String(decoding: text[exponentIndex...].dropFirst(), as: UTF8.self)) ?? 0
    let pointIndex = text[..<exponentIndex].firstIndex(of: UInt8(ascii: ".")) ?? exponentIndex
    var digits = text[..<pointIndex] + text[pointIndex..<exponentIndex].dropFirst()
    var point = pointIndex + exponent
    while digits.first == UInt8(ascii: "0") {
      digits.removeFirst()
      point -= 1
    }
    while digits.last == UInt8(ascii: "0") { digits.removeLast() }
    return (Array(digits), point)
  }
}
