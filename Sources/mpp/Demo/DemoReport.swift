import EVM
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoServer
import TempoDevnet

/// The story as it happens, for a person or for a program.
struct DemoReport: Sendable {
  let isJSON: Bool

  func started(_ stage: DemoStage) {
    if isJSON {
      return Output.json([
        "event": "started", "rpc": .string(stage.chainURL),
        "chainId": .integer(Int64(clamping: stage.devnet.chainID)), "url": .string(stage.serverURL),
        "payer": .string(stage.payer.address.checksummed), "payee": .string(stage.payee.address.checksummed),
      ])
    }
    Output.line(
      """
      A paid session, end to end: real signed transactions on an embedded chain, a real server, a real client.

      1. Set-up
         chain    \(stage.chainURL), chain id \(stage.devnet.chainID)
         server   \(stage.serverURL)/session costs \(DemonstrationAPI.price) a request
         payer    \(stage.payer.address.checksummed)
         payee    \(stage.payee.address.checksummed)
      """)
  }

  func challenged(_ challenge: Challenge, _ terms: SessionRequest) {
    if isJSON {
      return Output.json([
        "event": "challenge", "status": 402, "id": .string(challenge.id), "amount": terms.amount.json,
        "unit": .string(terms.unitType), "currency": .string("\(terms.currency)"),
        "recipient": terms.recipient.map { .string("\($0)") } ?? .null,
        "expires": challenge.expires.map { .string($0) } ?? .null,
      ])
    }
    Output.line(
      """

      2. GET /session without paying: 402 Payment Required
         asks     \(Money.text(terms.amount)) per \(terms.unitType), by \(challenge.method)/\(challenge.intent)
         token    \(terms.currency)
         to       \(terms.recipient.map { "\($0)" } ?? "not named")
         expires  \(challenge.expires ?? "never")
      """)
  }

  func opened(_ channel: ChannelStatus, _ payment: PaymentSummary, body: String) {
    if isJSON {
      return Output.json([
        "event": "open", "channel": .string(channel.id), "deposit": channel.deposit.json,
        "transaction": payment.receipt?.transaction.map { .string($0) } ?? .null,
        "paid": payment.amount.json,
      ])
    }
    Output.line(
      """

      3. The same request, paid: a channel is opened, and the first voucher buys the answer
         channel  \(channel.id)
         deposit  \(Money.text(channel.deposit))
         open tx  \(payment.receipt?.transaction ?? "not reported")
         200 OK   \(body.split(whereSeparator: \.isNewline).first ?? "")
      """)
  }

  func paid(_ numbers: ClosedRange<Int>, _ channel: ChannelStatus, duration: Duration) {
    if isJSON {
      return Output.json([
        "event": "requests", "from": .integer(Int64(numbers.lowerBound)),
        "to": .integer(Int64(numbers.upperBound)), "delivered": channel.delivered.json,
        "deposit": channel.deposit.json,
      ])
    }
    let isFirst = numbers.lowerBound == 2
    let range = "\(numbers.lowerBound) to \(numbers.upperBound)"
    let paid = Money.text(channel.delivered)
    Output.line(
      """

      \(isFirst ? "4" : "6"). Requests \(range), eight at a time: one signed voucher each
         paid     \(paid) of a deposit of \(Money.text(channel.deposit)), in \(Self.milliseconds(duration)) ms
      """)
  }

  func toppedUp(_ channel: ChannelStatus, by amount: String) {
    if isJSON {
      return Output.json([
        "event": "topUp", "channel": .string(channel.id), "deposit": channel.deposit.json,
      ])
    }
    Output.line("   top-up   the deposit ran out on the way: \(amount) more, on the same channel")
  }

  func settled(_ settlement: SettlementEvent) {
    if isJSON {
      return Output.json([
        "event": "settlement", "channel": .string(settlement.channelID.hex),
        "transaction": .string(settlement.transactionHash.hex), "amount": settlement.amount.json,
        "delta": settlement.delta.json,
      ])
    }
    Output.line(
      """

      5. The server settles by itself after \(DemoStage.settleEveryUnits) charges; the channel stays open
         captured \(Money.text(settlement.delta)) now sits in the payee's account
         tx       \(settlement.transactionHash.hex)
      """)
  }

  func closed(_ outcome: CloseOutcome) {
    if isJSON { return Output.json(CloseReport.json(outcome)) }
    Output.line(
      """

      7. Close: the payee takes what was delivered, the payer gets the rest back
         captured \(outcome.captured.map { Money.text($0) } ?? "?") in all
         refunded \(outcome.refunded.map { Money.text($0) } ?? "?")
         tx       \(outcome.transaction ?? "not reported")
      """)
  }

  func charged(_ payment: PaymentSummary) {
    let transaction = payment.receipt?.transaction
    if isJSON {
      return Output.json([
        "event": "charge", "amount": payment.amount.json,
        "actions": .array(payment.actions.map { .string($0) }),
        "transaction": transaction.map { .string($0) } ?? .null,
      ])
    }
    Output.line(
      """

      8. GET /charge: a price of \(Money.text(payment.amount)) paid by a transaction of its own
         the client signs, the server broadcasts and looks for the transfer before it answers
         tx       \(transaction ?? "not reported")
      """)
  }

  func proved(_ payment: PaymentSummary, _ account: Address) {
    if isJSON {
      return Output.json([
        "event": "proof", "amount": payment.amount.json,
        "actions": .array(payment.actions.map { .string($0) }), "account": .string(account.checksummed),
      ])
    }
    Output.line(
      """

      9. GET /charge/zero: costs nothing, the client signs the challenge to say who asks
         account  \(account.checksummed)
      """)
  }

  func audited(_ audit: DemoAudit) {
    if isJSON { return Output.json(audit.json()) }
    Output.line("\n10. All balances, in pathUSD")
    for line in audit.table() { Output.line("   " + line) }
    Output.line("")
    for check in audit.checks { Output.line("   \(check.holds ? "ok   " : "WRONG")  \(check.claim)") }
  }

  private static func milliseconds(_ duration: Duration) -> Int64 {
    let (seconds, attoseconds) = duration.components
    return seconds &* 1000 &+ attoseconds / 1_000_000_000_000_000
  }
}
