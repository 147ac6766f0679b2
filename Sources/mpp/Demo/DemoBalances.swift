import EVM
import MPPCore
import Tempo
import TempoDevnet

/// Who holds what at one moment. Base units of pathUSD.
struct DemoBalances: Sendable, Equatable {
  var payer: Amount
  var payee: Amount
  /// The channel reserve: every deposit that is out.
  var escrow: Amount
  /// What the network has taken in fees.
  var fees: Amount

  init(_ devnet: Devnet, payer: Address, payee: Address) {
    self.payer = devnet.balance(of: payer)
    self.payee = devnet.balance(of: payee)
    escrow = devnet.balance(of: TempoAddress.channelReserve)
    fees = devnet.balance(of: TempoAddress.feeManager)
  }

  func total() throws(AmountError) -> Amount {
    try payer.adding(payee).adding(escrow).adding(fees)
  }
}

/// Compares balances, transactions and the client's own count. Every unit must be where the books say.
struct DemoAudit: Sendable {
  struct Check: Sendable {
    let claim: String
    let holds: Bool
  }

  let before: DemoBalances
  let after: DemoBalances
  let totalBefore: Amount
  let totalAfter: Amount
  let checks: [Check]
  var holds: Bool { checks.allSatisfy(\.holds) }

  /// - Parameters:
  ///   - price: of one request. `requests`: how many were answered over the channel, `charges`: how many by a charge.
  ///   - captured: what the close reported as paid in all.
  ///   - fees: of every transaction since `before`, by who paid them.
  init(
    before: DemoBalances, after: DemoBalances, price: Amount, requests: UInt64, charges: UInt64,
    captured: Amount,
    payerFees: Amount, payeeFees: Amount
  ) throws(AmountError) {
    self.before = before
    self.after = after
    totalBefore = try before.total()
    totalAfter = try after.total()
    let overChannel = try price.multiplied(by: requests)
    let byCharge = try price.multiplied(by: charges)
    let due = try overChannel.adding(byCharge)
    let spent = try after.payer.adding(due).adding(payerFees)
    let earned = try before.payee.adding(due)
    let received = try after.payee.adding(payeeFees)
    let collected = try before.fees.adding(payerFees).adding(payeeFees)
    checks = [
      Check(claim: "nothing appeared and nothing vanished", holds: totalBefore == totalAfter),
      Check(
        claim:
          "the payer paid \(requests) × \(Money.text(price)) = \(Money.text(overChannel)) over the channel, "
          + "\(Money.text(byCharge)) by a charge, and \(Money.text(payerFees)) in fees",
        holds: before.payer == spent && captured == overChannel),
      Check(
        claim: "the payee received \(Money.text(due)), and paid \(Money.text(payeeFees)) in fees",
        holds: earned == received),
      Check(claim: "no deposit is left behind", holds: before.escrow == after.escrow),
      Check(
        claim: "the network's fees are those of the transactions", holds: after.fees == collected),
    ]
  }

  func table() -> [String] {
    let rows: [(String, Amount, Amount)] = [
      ("payer", before.payer, after.payer), ("payee", before.payee, after.payee),
      ("escrow", before.escrow, after.escrow), ("fees", before.fees, after.fees),
      ("total", totalBefore, totalAfter),
    ]
    let cells = rows.map { name, before, after in
      [name, Self.fixed(before), Self.fixed(after), Self.change(before, after)]
    }
    return TextTable.lines([["", "before", "after", "change"]] + cells, rightAligned: [1, 2, 3])
  }

  func json() -> JSONValue {
    let rows: [(String, Amount, Amount)] = [
      ("payer", before.payer, after.payer), ("payee", before.payee, after.payee),
      ("escrow", before.escrow, after.escrow), ("fees", before.fees, after.fees),
      ("total", totalBefore, totalAfter),
    ]
    return [
      "event": "balances",
      "rows": .array(
        rows.map { name, before, after in
          ["account": .string(name), "before": before.json, "after": after.json]
        }),
      "checks": .array(checks.map { ["claim": .string($0.claim), "holds": .bool($0.holds)] }),
      "balanced": .bool(holds),
    ]
  }

  /// Six decimals always, so that columns line up.
  private static func fixed(_ amount: Amount) -> String { Money.text(amount, digits: Money.decimals) }

  private static func change(_ before: Amount, _ after: Amount) -> String {
    if before == after { return fixed(.zero) }
    let isGain = after > before
    let difference = Amount(units: isGain ? after.units - before.units : before.units - after.units)
    return (isGain ? "+" : "-") + fixed(difference)
  }
}
