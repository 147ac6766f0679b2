package import MPPCore

/// Amounts authorised in the recent past, by time slice. A value; the sum over a window never undercounts.
package struct SpendWindow: Sendable, Hashable {
  /// Start of the slice in seconds, and what was authorised in it.
  package private(set) var slices: [Int64: Amount] = [:]

  package init(slices: [Int64: Amount] = [:]) { self.slices = slices }

  /// Sum of every slice that reaches into the last `period` seconds before `now`.
  package func total(at now: Timestamp, period: Int64) throws(AmountError) -> Amount {
    let slice = Self.slice(of: period)
    var sum = Amount.zero
    for (start, amount) in slices where start > now.seconds - period - slice { sum = try sum.adding(amount) }
    return sum
  }

  package mutating func add(_ amount: Amount, at now: Timestamp, period: Int64) throws(AmountError) {
    let slice = Self.slice(of: period)
    let start = now.seconds - (now.seconds % slice + slice) % slice
    slices[start] = try (slices[start] ?? .zero).adding(amount)
    slices = slices.filter { $0.key > now.seconds - period - slice }
  }

  /// A twenty-fourth of the period: at most that much longer than the period counts.
  private static func slice(of period: Int64) -> Int64 { max(1, period / 24) }
}
