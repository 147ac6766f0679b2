import MPPCore
import Testing

@testable import MPPClient

@Suite struct SpendPolicyLimitTests {
  /// Sums of times would overflow, and the process with them.
  @Test func aPeriodIsBounded() throws {
    let one = Amount(units: 1)
    #expect(throws: PaymentClientError.self) {
      try SpendPolicy(maximumPrice: one, maximumDeposit: one, maximumTotal: one, periodSeconds: .max)
    }
    let policy = try SpendPolicy(
      maximumPrice: one, maximumDeposit: one, maximumTotal: one, periodSeconds: 3_155_760_000)
    let window = SpendWindow(slices: [.init(start: 0, end: 1, amount: one)])
    #expect(
      try window.total(at: Timestamp(milliseconds: .min), period: policy.periodSeconds) == one)
  }
}
