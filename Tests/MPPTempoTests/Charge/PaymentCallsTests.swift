import EVM
import MPPTempo
import Tempo
import Testing

@Suite("The calls of a payment: transfers, behind one exchange at most (06 §1.11)")
struct PaymentCallsTests {
  private static let payee = TempoAddress.keychain

  private static func approve(_ spender: Address, _ amount: UInt128) throws -> [UInt8] {
    try TIP20ABI.approveCalldata(spender: spender, amount: amount)
  }

  private static func calls() throws -> [Call] {
    let swap = SwapExactAmountOut(
      tokenIn: TempoAddress.pathUSD, tokenOut: TempoAddress.alphaUSD, amountOut: 100, maxAmountIn: 101)
    return [
      Call(to: TempoAddress.pathUSD, data: try approve(TempoAddress.dex, 101)),
      Call(to: TempoAddress.dex, data: try swap.calldata()),
      Call(to: TempoAddress.alphaUSD, data: try TIP20ABI.transferCalldata(to: payee, amount: 100)),
    ]
  }

  @Test("The exchange is read whole, and the transfers behind it")
  func read() throws {
    let payment = try PaymentCalls(try Self.calls())
    #expect(
      payment.swap
        == SwapExactAmountOut(
          tokenIn: TempoAddress.pathUSD, tokenOut: TempoAddress.alphaUSD, amountOut: 100, maxAmountIn: 101))
    #expect(payment.transfers.count == 1)
    #expect(payment.transfers.first?.token == TempoAddress.alphaUSD)
    #expect(try PaymentCalls(Array(try Self.calls().dropFirst(2))).swap == nil)
  }

  struct Change: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let error: PaymentCallsError
    let apply: @Sendable (inout [Call]) throws -> Void
    init(
      _ description: String, _ error: PaymentCallsError,
      _ apply: @escaping @Sendable (inout [Call]) throws -> Void
    ) {
      testDescription = description
      self.error = error
      self.apply = apply
    }
  }

  static let changes: [Change] = [
    Change("approval in another token", .approvalTarget) { $0[0].to = TempoAddress.betaUSD },
    Change("approval for somebody else", .approvalSpender) { $0[0].data = try approve(payee, 101) },
    Change("approval of more than the exchange takes", .approvalAmount) {
      $0[0].data = try approve(TempoAddress.dex, 102)
    },
    Change("exchange at another contract", .exchangeTarget) { $0[1].to = payee },
    Change("approval alone", .pattern) { $0 = [$0[0]] },
    Change("approval without an exchange", .pattern) { $0.remove(at: 1) },
    Change("exchange without an approval", .pattern) { $0.removeFirst() },
    Change("nothing behind the exchange", .pattern) { $0.removeLast() },
    Change("exchange behind the payment", .pattern) { $0 = [$0[2], $0[0], $0[1]] },
    Change("two exchanges", .pattern) { $0 = [$0[0], $0[1]] + $0 },
    Change("calldata that goes on", .pattern) { $0[1].data.append(0) },
    Change("native value beside the approval", .pattern) { $0[0].value = UInt256(1) },
    Change("native value beside the exchange", .pattern) { $0[1].value = UInt256(1) },
    Change("twelve transfers", .pattern) { $0 = Array(repeating: $0[2], count: 12) },
    Change("nothing", .pattern) { $0 = [] },
  ]

  @Test("Anything else is no payment", arguments: changes)
  func refused(_ change: Change) throws {
    var calls = try Self.calls()
    try change.apply(&calls)
    #expect(throws: change.error) { try PaymentCalls(calls) }
  }
}
