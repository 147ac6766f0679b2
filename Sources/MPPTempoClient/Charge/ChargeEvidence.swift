import EVM
import MPPCore
import MPPTempo
import Tempo

/// How a payment is recognised on the chain when its hash is not known: the transfer it consists of, whose memo names the challenge.
struct ChargeEvidence: Sendable, Hashable {
  /// The chain's head when the payment was signed: it is included later.
  let block: UInt64
  let token: Address
  let payer: Address
  let payee: Address
  let amount: Amount
  let memo: Hash32

  /// More than the chain makes while a payment is valid.
  private static let span: UInt64 = 10_000

  /// - Parameters:
  ///   - transfer: the main payment.
  ///   - bound: the memo for it when the challenge names none.
  init(block: UInt64, token: Address, payer: Address, transfer: ExpectedTransfer, bound: Hash32) {
    self.init(
      block: block, token: token, payer: payer, payee: transfer.recipient, amount: transfer.amount,
      memo: {
        if case .exactly(let memo) = transfer.memo { return memo }
        return bound
      }())
  }

  private init(
    block: UInt64, token: Address, payer: Address, payee: Address, amount: Amount, memo: Hash32
  ) {
    self.block = block
    self.token = token
    self.payer = payer
    self.payee = payee
    self.amount = amount
    self.memo = memo
  }

  var lastBlock: UInt64 {
    let (sum, overflow) = block.addingReportingOverflow(Self.span)
    return overflow ? .max : sum
  }

  var topics: [Hash32?] { [TIP20ABI.transferWithMemoEvent.topic, payer.word, payee.word, memo] }

  func isPayment(_ log: Log) -> Bool {
    guard log.address == token,
      case .transferWithMemo(let from, let to, let units, let memo)? = try? TIP20Event(log: log)
    else { return false }
    return from == payer && to == payee && units == UInt256(amount.units) && memo == self.memo
  }

  // MARK: The journal

  var jsonValue: JSONValue {
    .object([
      .init(key: "block", value: .string(String(block))), .init(key: "token", value: .string(token.hex)),
      .init(key: "payer", value: .string(payer.hex)), .init(key: "payee", value: .string(payee.hex)),
      .init(key: "amount", value: .string(amount.description)),
      .init(key: "memo", value: .string(memo.hex)),
    ])
  }

  /// Throws for anything that ``jsonValue`` does not write.
  init(_ value: JSONValue) throws {
    func text(_ name: String) throws -> String {
      guard let text = value[name]?.stringValue else { throw ChargeRequestError(name) }
      return text
    }
    guard let block = UInt64(try text("block")) else { throw ChargeRequestError("block") }
    self.init(
      block: block, token: try Address(hex: try text("token")), payer: try Address(hex: try text("payer")),
      payee: try Address(hex: try text("payee")), amount: try Amount(baseUnits: try text("amount")),
      memo: try Hash32(hex: try text("memo")))
  }
}
