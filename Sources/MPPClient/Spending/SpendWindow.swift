package import MPPCore

/// Amounts authorised in the recent past, by time slice. A value; the sum over a window never undercounts, whatever periods the
/// amounts were added under.
package struct SpendWindow: Sendable, Hashable {
  /// What was authorised from `start` up to `end`, in seconds.
  package struct Slice: Sendable, Hashable {
    package let start: Int64
    package var end: Int64
    package var amount: Amount

    package init(start: Int64, end: Int64, amount: Amount) {
      self.start = start
      self.end = end
      self.amount = amount
    }
  }

  package private(set) var slices: [Slice] = []
  /// The longest period anything was added under: what it covers may be asked for again.
  package private(set) var longestPeriod: Int64

  package init(slices: [Slice] = [], longestPeriod: Int64 = 0) {
    self.slices = slices
    self.longestPeriod = longestPeriod
  }

  /// Sum of every slice that reaches into the last `period` seconds before `now`.
  package func total(at now: Timestamp, period: Int64) throws(AmountError) -> Amount {
    var sum = Amount.zero
    for slice in slices where slice.end > now.seconds - period { sum = try sum.adding(slice.amount) }
    return sum
  }

  package mutating func add(_ amount: Amount, at now: Timestamp, period: Int64) throws(AmountError) {
    longestPeriod = max(longestPeriod, period)
    let length = Self.slice(of: period)
    let start = Self.floor(now.seconds, length)
    var next: [Slice] = []
    for slice in slices where slice.end > now.seconds - longestPeriod {
      guard slice.end <= now.seconds - period else {
        next.append(slice)
        continue
      }
      // Of no use to the present period: as coarse as the longest one allows, so that their number stays bounded.
      let coarse = Self.slice(of: longestPeriod)
      try Self.add(slice.amount, Self.floor(slice.start, coarse), slice.end, coarse, to: &next)
    }
    try Self.add(amount, start, start + length, length, to: &next)
    slices = next
  }

  /// Into the slice that starts there, unless that is much longer, or one of its own.
  private static func add(
    _ amount: Amount, _ start: Int64, _ end: Int64, _ length: Int64, to slices: inout [Slice]
  ) throws(AmountError) {
    guard let index = slices.firstIndex(where: { $0.start == start && $0.end - start <= 2 * length }) else {
      slices.append(Slice(start: start, end: end, amount: amount))
      return
    }
    slices[index].end = max(slices[index].end, end)
    slices[index].amount = try slices[index].amount.adding(amount)
  }

  private static func floor(_ seconds: Int64, _ length: Int64) -> Int64 {
    seconds - (seconds % length + length) % length
  }

  /// A twenty-fourth of the period: at most that much longer than the period counts.
  private static func slice(of period: Int64) -> Int64 { max(1, period / 24) }
}
