extension Timestamp {
  /// Reads `2025-01-06T12:00:00.000Z` (`01` §2.3): upper-case `T` and `Z`, any number of fraction digits
  /// (those below a millisecond are cut off), `Z` or a numeric offset. Impossible dates, hours and offsets
  /// are refused.
  public init(rfc3339 text: some StringProtocol) throws(TimestampError) {
    guard let parts = RFC3339Parts(text) else { throw .malformed }
    guard parts.isPossible else { throw .impossible }
    milliseconds = parts.milliseconds
  }

  /// Whether the text has the form of `01` §2.3, possible date or not.
  package static func isWellFormed(_ text: some StringProtocol) -> Bool {
    RFC3339Parts(text) != nil
  }

  /// UTC with exactly three fraction digits, `2025-01-06T12:00:00.000Z`. Instants outside the years 0000…9999
  /// are written as the nearest one inside.
  public var rfc3339: String {
    String(unsafeUninitializedCapacity: Self.rfc3339Length) { text in
      write(to: UnsafeMutableRawBufferPointer(text))
      return Self.rfc3339Length
    }
  }

  /// As `rfc3339`, with six more digits below the millisecond (`subMillisecond` modulo 1 000 000). Random
  /// ones make the expiry, and with it the id of a challenge, unique (`01` §4.5); every reader cuts them off.
  public func rfc3339(subMillisecond: UInt32) -> String {
    let length = Self.rfc3339Length + 6
    return String(unsafeUninitializedCapacity: length) { text in
      let raw = UnsafeMutableRawBufferPointer(text)
      write(to: raw)
      Self.put(Int64(subMillisecond % 1_000_000), raw, Self.rfc3339Length - 1, 6, UInt8(ascii: "Z"))
      return length
    }
  }

  /// Characters of ``rfc3339``.
  package static var rfc3339Length: Int { 24 }

  /// Writes the 24 characters of ``rfc3339`` to the beginning of a buffer.
  package func write(to text: UnsafeMutableRawBufferPointer) {
    let bounded = min(max(milliseconds, -62_167_219_200_000), 253_402_300_799_999)
    var days = bounded / 86_400_000
    var rest = bounded % 86_400_000
    if rest < 0 {
      rest += 86_400_000
      days -= 1
    }
    let (year, month, day) = Self.civil(fromDays: days)
    Self.put(year, text, 0, 4, UInt8(ascii: "-"))
    Self.put(month, text, 5, 2, UInt8(ascii: "-"))
    Self.put(day, text, 8, 2, UInt8(ascii: "T"))
    Self.put(rest / 3_600_000, text, 11, 2, UInt8(ascii: ":"))
    Self.put(rest / 60_000 % 60, text, 14, 2, UInt8(ascii: ":"))
    Self.put(rest / 1000 % 60, text, 17, 2, UInt8(ascii: "."))
    Self.put(rest % 1000, text, 20, 3, UInt8(ascii: "Z"))
  }

  /// `width` digits of a number from `start` on, and what stands behind them.
  private static func put(
    _ value: Int64, _ text: UnsafeMutableRawBufferPointer, _ start: Int, _ width: Int, _ terminator: UInt8
  ) {
    var rest = UInt32(truncatingIfNeeded: value)
    for index in stride(from: start + width - 1, through: start, by: -1) {
      text[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    text[start + width] = terminator
  }

  /// Days since 1970-01-01 of a date in the Gregorian calendar.
  static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthIndex = (5 * dayOfYear + 2) / 153
    let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * monthIndex + 2) / 5 + 1)
  }
}

/// Why a text is not an instant.
public enum TimestampError: Error, Hashable, Sendable {
  /// The text does not have the form of `01` §2.3.
  case malformed
  /// The form is right, the date, time or offset does not exist.
  case impossible
}
