extension UInt256 {
  /// The sum; throws `integerOverflow` instead of wrapping.
  public func adding(_ other: UInt256) throws(EVMError) -> UInt256 {
    let (sum, overflow) = addingReportingOverflow(other)
    guard !overflow else { throw EVMError.integerOverflow }
    return sum
  }

  /// The difference; throws `integerOverflow` instead of going below zero.
  public func subtracting(_ other: UInt256) throws(EVMError) -> UInt256 {
    let (difference, overflow) = subtractingReportingOverflow(other)
    guard !overflow else { throw EVMError.integerOverflow }
    return difference
  }

  package func addingReportingOverflow(_ other: UInt256) -> (partialValue: UInt256, overflow: Bool) {
    var result = UInt256.zero.limbs
    var carry = false
    for index in [3, 2, 1, 0] {
      let (sum, first) = limbs[index].addingReportingOverflow(other.limbs[index])
      let (total, second) = sum.addingReportingOverflow(carry ? 1 : 0)
      result[index] = total
      carry = first || second
    }
    return (UInt256(limbs: result[0], result[1], result[2], result[3]), carry)
  }

  package func subtractingReportingOverflow(_ other: UInt256) -> (partialValue: UInt256, overflow: Bool) {
    var result = UInt256.zero.limbs
    var borrow = false
    for index in [3, 2, 1, 0] {
      let (difference, first) = limbs[index].subtractingReportingOverflow(other.limbs[index])
      let (total, second) = difference.subtractingReportingOverflow(borrow ? 1 : 0)
      result[index] = total
      borrow = first || second
    }
    return (UInt256(limbs: result[0], result[1], result[2], result[3]), borrow)
  }

  /// `self * 10 + digit`, or `nil` when that does not fit.
  func multipliedByTen(adding digit: UInt64) -> UInt256? {
    var result = UInt256.zero.limbs
    var carry = digit
    for index in [3, 2, 1, 0] {
      let (high, low) = limbs[index].multipliedFullWidth(by: 10)
      let (sum, overflow) = low.addingReportingOverflow(carry)
      result[index] = sum
      carry = overflow ? high + 1 : high
    }
    return carry == 0 ? UInt256(limbs: result[0], result[1], result[2], result[3]) : nil
  }

  /// The divisor is not zero.
  func quotientAndRemainder(dividingBy divisor: UInt64) -> (UInt256, UInt64) {
    var result = UInt256.zero.limbs
    var remainder: UInt64 = 0
    for index in 0..<4 {
      (result[index], remainder) = divisor.dividingFullWidth((remainder, limbs[index]))
    }
    return (UInt256(limbs: result[0], result[1], result[2], result[3]), remainder)
  }
}
