/// The numbers of a timestamp text that has the right form, before anybody asked whether they make sense.
struct RFC3339Parts {
  private(set) var year: Int64 = 0
  private(set) var month: Int64 = 0
  private(set) var day: Int64 = 0
  private(set) var hour: Int64 = 0
  private(set) var minute: Int64 = 0
  private(set) var second: Int64 = 0
  private(set) var fraction: Int64 = 0
  private(set) var offsetHours: Int64 = 0
  private(set) var offsetMinutes: Int64 = 0
  private(set) var offsetSign: Int64 = 1

  /// Longest text looked at; the form allows any number of fraction digits, nobody needs more than nine.
  static let maximumLength = 128

  init?(_ text: some StringProtocol) {
    let fast = text.utf8.withContiguousStorageIfAvailable { RFC3339Parts(bytes: $0) }
    if let fast {
      guard let fast else { return nil }
      self = fast
    } else {
      let bytes = Array(text.utf8.prefix(Self.maximumLength + 1))
      guard let parts = bytes.withUnsafeBufferPointer({ RFC3339Parts(bytes: $0) }) else { return nil }
      self = parts
    }
  }

  private init?(bytes: UnsafeBufferPointer<UInt8>) {
    guard bytes.count >= 20, bytes.count <= Self.maximumLength else { return nil }
    func number(_ start: Int, _ length: Int) -> Int64? {
      guard start + length <= bytes.count else { return nil }
      var value: Int64 = 0
      for index in start..<(start + length) {
        let digit = bytes[index] &- UInt8(ascii: "0")
        guard digit <= 9 else { return nil }
        value = value * 10 + Int64(digit)
      }
      return value
    }
    guard bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), bytes[10] == UInt8(ascii: "T"),
      bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
      let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
      let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2)
    else { return nil }
    (self.year, self.month, self.day) = (year, month, day)
    (self.hour, self.minute, self.second) = (hour, minute, second)
    var index = 19
    if bytes[index] == UInt8(ascii: ".") {
      var scale: Int64 = 100
      index += 1
      let start = index
      while index < bytes.count, case let digit = bytes[index] &- UInt8(ascii: "0"), digit <= 9 {
        fraction += Int64(digit) * scale
        scale /= 10
        index += 1
      }
      guard index > start else { return nil }
    }
    guard index < bytes.count else { return nil }
    switch bytes[index] {
    case UInt8(ascii: "Z"):
      guard index == bytes.count - 1 else { return nil }
    case UInt8(ascii: "+"), UInt8(ascii: "-"):
      guard index == bytes.count - 6, bytes[index + 3] == UInt8(ascii: ":"),
        let hours = number(index + 1, 2), let minutes = number(index + 4, 2)
      else { return nil }
      offsetSign = bytes[index] == UInt8(ascii: "-") ? -1 : 1
      (offsetHours, offsetMinutes) = (hours, minutes)
    default:
      return nil
    }
  }

  var isPossible: Bool {
    guard (1...12).contains(month), day >= 1, hour <= 23, minute <= 59, second <= 59,
      offsetHours <= 23, offsetMinutes <= 59
    else { return false }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return day <= lengths[Int(month) - 1]
  }

  /// Milliseconds since 1970; cannot overflow, all numbers are small.
  var milliseconds: Int64 {
    let days = Timestamp.days(year: year, month: month, day: day)
    let offset = offsetSign * (offsetHours * 60 + offsetMinutes)
    return ((days * 24 + hour) * 60 + minute - offset) * 60_000 + second * 1000 + fraction
  }
}
