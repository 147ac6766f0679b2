package import EVM
import MPPCore
import Tempo
package import TempoDevnet

/// What a chain was before some charges were paid, and what it must be afterwards, to the unit: each payment moved the price once,
/// whoever signed it and whatever it was paid out of.
package struct ChargeBooks: Sendable {
  private let devnet: Devnet
  private let flow: ChargeFlow
  private let seller: Address
  private let payer: Address
  /// The access key.
  private let key: Address?
  /// Who has the shares of a split.
  private let others: [Address]
  private let before: [Address: [Address: Amount]]
  private let supplies: [Address: Amount]
  private let receiptCount: Int

  private static let tokens = [TempoAddress.pathUSD, TempoAddress.alphaUSD]

  package init(
    _ devnet: Devnet, _ flow: ChargeFlow, seller: Address, payer: Address, key: Address?, others: [Address]
  ) {
    self.devnet = devnet
    self.flow = flow
    self.seller = seller
    self.payer = payer
    self.key = flow.has(.accessKey) ? key : nil
    self.others = flow.has(.splits) ? others : []
    let tokens = Self.tokens + [TempoAddress.betaUSD]
    before = Dictionary(uniqueKeysWithValues: tokens.map { ($0, devnet.balances(token: $0)) })
    supplies = Dictionary(uniqueKeysWithValues: Self.tokens.map { ($0, devnet.totalSupply(token: $0)) })
    receiptCount = devnet.receipts().count
  }

  private var receipts: ArraySlice<DevnetReceipt> { devnet.receipts().dropFirst(receiptCount) }

  /// Transactions that paid the seller.
  package var payments: [DevnetReceipt] {
    receipts.filter { receipt in
      receipt.succeeded && receipt.sender == payer && receipt.logs.contains { memo(of: $0) != nil }
    }
  }

  /// The memo of a payment to the seller.
  private func memo(of log: Log) -> Hash32? {
    guard log.address == flow.token,
      case .transferWithMemo(let from, let to, let units, let memo)? = try? TIP20Event(log: log),
      from == payer, to == seller, units == UInt256(flow.sellersShare)
    else { return nil }
    return memo
  }

  /// Everything that is not as the payments say; empty when all agrees.
  package func differences() -> [String] {
    var wrong = devnet.audit()
    func check(_ what: String, _ actual: Int128, _ expected: Int128) {
      if actual != expected { wrong.append("\(what): \(actual), not \(expected)") }
    }
    let count = Int128(payments.count)
    let price = count * Int128(ChargeFlow.price)
    check("seller", gain(seller, flow.token), count * Int128(flow.sellersShare))
    for (other, share) in zip(others, ChargeFlow.shares) {
      check("share", gain(other, flow.token), count * Int128(share))
    }
    check("payer", gain(payer, TempoAddress.pathUSD), -price - fees(of: payer))
    if flow.has(.exchange) { check("payer's other token", gain(payer, flow.token), 0) }
    let sponsor = devnet.sponsor.address
    let paid = gain(sponsor, TempoAddress.pathUSD) + gain(sponsor, TempoAddress.betaUSD)
    check("sponsor", paid, -fees(of: sponsor))
    if flow.has(.sponsored) { check("fees of the payer", fees(of: payer), 0) }
    for token in Self.tokens where devnet.totalSupply(token: token) != supplies[token] {
      wrong.append("the supply of \(token.hex) has changed")
    }
    if flow.has(.memo), payments.contains(where: { !$0.logs.contains { memo(of: $0) == ChargeFlow.memo } }) {
      wrong.append("a payment without the seller's memo")
    }
    if let key { wrong += differences(of: key, price) }
    return wrong
  }

  /// The key is registered once, and what is left of its limits is what it has not spent.
  private func differences(of key: Address, _ price: Int128) -> [String] {
    let registrations = devnet.receipts().flatMap(\.logs).count {
      $0.topics.first == AccountKeychainABI.keyAuthorized.topic
    }
    guard devnet.accessKey(key, of: payer) != nil else {
      return price == 0 && registrations == 0 ? [] : ["paid by a key that is not registered"]
    }
    var wrong = registrations == 1 ? [] : ["registered \(registrations) times"]
    // What was approved and not taken is spent, for the key.
    let approved = devnet.allowance(of: payer, spender: TempoAddress.dex, token: TempoAddress.pathUSD)
    let spent = [
      TempoAddress.pathUSD: -gain(payer, TempoAddress.pathUSD) + Int128(approved.uint128 ?? .max),
      TempoAddress.alphaUSD: flow.has(.exchange) ? price : 0,
    ]
    for token in Self.tokens {
      let left = devnet.spendable(by: key, of: payer, token: token)?.units ?? 0
      let expected = Int128(ChargeFlow.limit) - (spent[token] ?? 0)
      if Int128(left) != expected { wrong.append("the key may spend \(left), not \(expected)") }
    }
    return wrong
  }

  /// Base units an account has more than before.
  private func gain(_ account: Address, _ token: Address) -> Int128 {
    Int128(devnet.balance(of: account, token: token).units)
      - Int128(before[token]?[account]?.units ?? 0)
  }

  /// All fees of these flows are paid in pathUSD, those of hosts also in BetaUSD.
  private func fees(of account: Address) -> Int128 {
    receipts.reduce(0) { $1.feePayer == account ? $0 + Int128($1.fee.units) : $0 }
  }
}
