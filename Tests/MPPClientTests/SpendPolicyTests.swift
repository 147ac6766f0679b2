import MPPClient
import MPPCore
import MPPTesting
import Testing

@Suite("Spending policy")
struct SpendPolicyTests {
  let origin = Origin(scheme: "https", host: "api.example.com", port: 443)

  func offer(price: UInt128, token: String = "0xAA", recipient: String = "0xBB") throws -> PaymentOffer {
    let header =
      "Payment id=\"x\", realm=\"r\", method=\"tempo\", intent=\"session\", request=\"\(Base64URL.encode("{}".utf8))\""
    return PaymentOffer(
      challenge: try #require(try Challenge.parse(header: header).challenges.first),
      price: Amount(units: price),
      token: token, recipient: recipient, scope: "", unit: nil)
  }

  @Test("Every limit must be above zero, and excess decimals are an error")
  func limits() throws {
    #expect(throws: PaymentClientError.self) { try SpendPolicy.upTo("0", perDay: "5") }
    #expect(throws: PaymentClientError.self) { try SpendPolicy.upTo("0.1", perDay: "0") }
    #expect(throws: PaymentClientError.self) { try SpendPolicy.upTo("0.0000001", perDay: "5") }
    #expect(throws: PaymentClientError.self) { try SpendPolicy.upTo("-1", perDay: "5") }
    let policy = try SpendPolicy.upTo("0.10", perDay: "5")
    #expect(policy.maximumPrice == Amount(units: 100_000))
    #expect(policy.maximumTotal == Amount(units: 5_000_000))
    #expect(policy.maximumDeposit == Amount(units: 5_000_000))
    #expect(
      try SpendPolicy.upTo("0.10", perDay: "5", depositPerChannel: "1").maximumDeposit.units == 1_000_000)
  }

  @Test("Price, origin, recipient and token are each checked")
  func checks() throws {
    let policy = try SpendPolicy.upTo("0.10", perDay: "5")
    try policy.check(offer(price: 100_000), origin: origin)
    #expect(throws: PaymentClientError.self) { try policy.check(offer(price: 100_001), origin: origin) }
    let narrow = try policy.paying(origins: ["https://api.example.com"]).paying(recipients: ["0xbb"])
      .paying(tokens: ["0xaa"])
    try narrow.check(offer(price: 1), origin: origin)
    let other = Origin(scheme: "https", host: "evil.example.com", port: 443)
    #expect(throws: PaymentClientError.self) { try narrow.check(offer(price: 1), origin: other) }
    #expect(throws: PaymentClientError.self) {
      try narrow.check(offer(price: 1), origin: Origin(scheme: "http", host: "api.example.com", port: 80))
    }
    #expect(throws: PaymentClientError.self) {
      try narrow.check(offer(price: 1, token: "0xac"), origin: origin)
    }
    #expect(throws: PaymentClientError.self) {
      try narrow.check(offer(price: 1, recipient: "0xbc"), origin: origin)
    }
  }

  @Test("The period's total holds over accounts, slides with time, and survives a restart")
  func total() throws {
    let clock = ManualClock()
    let policy = try SpendPolicy.upTo("1", perDay: "1")
    let ledger = SpendLedger(policy: policy, clock: clock)
    var stored: [String: JournalRecord] = [:]
    func charge(_ ledger: SpendLedger, _ units: UInt128, _ account: String) throws {
      try ledger.charge(Amount(units: units), account: account)
      stored[account] = try #require(ledger.unstored(account: account)).record
    }
    try charge(ledger, 600_000, "a")
    try charge(ledger, 400_000, "b")
    #expect(throws: PaymentClientError.self) { try ledger.charge(Amount(units: 1), account: "a") }
    #expect(ledger.total() == Amount(units: 1_000_000))

    let restarted = SpendLedger(policy: policy, clock: clock)
    try restarted.restore(Array(stored.values))
    #expect(throws: PaymentClientError.self) { try restarted.charge(Amount(units: 1), account: "c") }
    clock.advance(seconds: 86_400 - 1)
    #expect(throws: PaymentClientError.self) { try restarted.charge(Amount(units: 1), account: "c") }
    clock.advance(seconds: 3_602)
    try charge(restarted, 1_000_000, "a")
    #expect(throws: PaymentClientError.self) { try restarted.charge(Amount(units: 1), account: "b") }
  }

  @Test("What was charged under a longer or a shorter period is not forgotten when the period changes")
  func changedPeriod() throws {
    let clock = ManualClock(Timestamp(seconds: 3_599))
    func policy(_ seconds: Int64) throws -> SpendPolicy {
      let unit = Amount(units: 100)
      return try SpendPolicy(
        maximumPrice: unit, maximumDeposit: unit, maximumTotal: unit, periodSeconds: seconds)
    }
    func restarted(_ ledger: SpendLedger, _ seconds: Int64) throws -> SpendLedger {
      let next = SpendLedger(policy: try policy(seconds), clock: clock)
      try next.restore([try #require(ledger.unstored(account: "a")).record])
      return next
    }
    // 200 s ago, in a slice of an hour that began an hour ago.
    let day = SpendLedger(policy: try policy(86_400), clock: clock)
    try day.charge(Amount(units: 60), account: "a")
    clock.advance(seconds: 200)
    let hour = try restarted(day, 3_600)
    #expect(hour.total() == Amount(units: 60))
    // Charges under the short period drop nothing that the long one counts.
    clock.advance(seconds: 7_200)
    #expect(hour.total() == .zero)
    try hour.charge(Amount(units: 30), account: "a")
    #expect(try restarted(hour, 86_400).total() == Amount(units: 90))
  }

  @Test("The number of slices stays bounded, whatever periods come one after the other")
  func boundedSlices() throws {
    var window = SpendWindow()
    var now = Timestamp(seconds: 1_800_000_000)
    for number in 0..<3_000 {
      now = now.adding(seconds: 40)
      try window.add(Amount(units: 1), at: now, period: number == 0 ? 86_400 : number % 3 == 0 ? 60 : 600)
    }
    #expect(window.slices.count < 120)
    let counted = try window.total(at: now, period: 86_400)
    #expect(counted >= Amount(units: 2_159))
    #expect(counted <= Amount(units: 2_360))
  }

  @Test("Totals of earlier versions are read, and count for longer rather than shorter")
  func earlierForm() throws {
    let clock = ManualClock(Timestamp(seconds: 10_000))
    let ledger = SpendLedger(policy: try .upTo("1", perDay: "1"), clock: clock)
    try ledger.restore([
      JournalRecord(kind: "spend", key: "a", version: 1, body: Array(#"[[3600,"700000"],[7200,"1"]]"#.utf8))
    ])
    #expect(ledger.total() == Amount(units: 700_001))
    clock.advance(seconds: 86_399)
    #expect(ledger.total() == Amount(units: 700_001))
    clock.advance(seconds: 1)
    #expect(ledger.total() == .zero)
  }

  @Test("A charge whose record was not written goes with the next write, under a version of its own")
  func failedWrite() throws {
    let ledger = SpendLedger(policy: try .upTo("1", perDay: "1"), clock: ManualClock())
    #expect(ledger.unstored(account: "a") == nil)
    try ledger.charge(Amount(units: 600_000), account: "a")
    let failed = try #require(ledger.unstored(account: "a"))
    let second = try #require(ledger.unstored(account: "a"))
    #expect(second.record.version > failed.record.version)
    #expect(second.record.body == failed.record.body)
    try ledger.charge(Amount(units: 1), account: "a")
    ledger.stored(second)
    let third = try #require(ledger.unstored(account: "a"))
    ledger.stored(third)
    #expect(ledger.unstored(account: "a") == nil)
  }

  @Test("What somebody else signed with the same key counts, also above the limit")
  func counted() throws {
    let ledger = SpendLedger(policy: try .upTo("1", perDay: "1"), clock: ManualClock())
    try ledger.count(Amount(units: 1_500_000), account: "a")
    #expect(ledger.total() == Amount(units: 1_500_000))
    #expect(throws: PaymentClientError.self) { try ledger.charge(Amount(units: 1), account: "b") }
  }

  @Test("The type of a problem is compared by its bytes, whatever marks it is made of")
  func problemOfMarks() {
    let marks = String(repeating: "\u{301}\u{316}", count: 200_000)
    let prefix = "https://paymentauth.org/problems/"
    for (type, kind) in [
      ("h" + marks, nil), (prefix + "x", "x"), (prefix + marks, String(marks.unicodeScalars.prefix(100))),
    ] {
      let problem = ServerProblem(status: 402, body: Array("{\"type\":\"\(type)\"}".utf8))
      #expect(problem.kind?.utf8.elementsEqual((kind ?? "").utf8) ?? (kind == nil))
    }
  }

  @Test("A damaged total is an error, not a fresh start")
  func damaged() throws {
    let ledger = SpendLedger(policy: try .upTo("1", perDay: "1"), clock: ManualClock())
    for body in ["", "{}", "[[1]]", "[[1,\"x\"]]", "[[\"1\",\"2\"]]"] {
      #expect(throws: PaymentClientError.self) {
        try ledger.restore([JournalRecord(kind: "spend", key: "a", version: 1, body: Array(body.utf8))])
      }
    }
  }
}
