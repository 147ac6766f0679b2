import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `02` §7, `03` §7.1: what is taken for gas, and what comes back.
@Suite struct Fees {
  private func payment(_ h: Harness) throws -> Call { try h.transfer(1, to: h.payee.address) }

  @Test func whatWasNotUsedComesBack() async throws {
    let h = try Harness()
    let receipt = try await h.send(payment(h), from: h.payer) { $0.gas = 1_000_000 }
    #expect(receipt.fee.units == 1_000)
    #expect(h.units(h.payer) == Harness.initial - 1 - 1_000)
    #expect(h.units(TempoAddress.feeManager) == 1_000)
  }

  @Test func theTipIsPaidUpToTheMaximum() async throws {
    let h = try Harness()
    for (maximum, tip, price) in [
      (24_000_000_000, 2_000_000_000, 22_000_000_000), (24_000_000_000, 9_000_000_000, 24_000_000_000),
      (20_000_000_000, 0, 20_000_000_000),
    ] as [(UInt128, UInt128, UInt128)] {
      let receipt = try await h.send(payment(h), from: h.payer) {
        $0.maxFeePerGas = maximum
        $0.maxPriorityFeePerGas = tip
      }
      #expect(receipt.fee.units == 50_000 * price / 1_000_000_000_000)
      let shown = try await h.rpc("eth_getTransactionReceipt", .string(receipt.hash.hex))
      #expect(shown["effectiveGasPrice"]?.stringValue == UInt256(price).hexQuantity)
    }
  }

  @Test func partsOfAUnitAreRoundedUp() async throws {
    let h = try Harness { $0.baseFee = 1 }
    let receipt = try await h.send(payment(h), from: h.payer) { $0.maxFeePerGas = 1 }
    #expect(receipt.fee.units == 1)
  }

  @Test func withoutAPriceThereIsNoFeeAndNoLog() async throws {
    let h = try Harness { $0.baseFee = 0 }
    h.devnet.setBalance(Amount(units: 1), of: h.payer.address)
    let receipt = try await h.send(payment(h), from: h.payer) { $0.maxFeePerGas = 0 }
    #expect(receipt.logs == [try h.transferLog(h.payer.address, h.payee.address, 1)])
    #expect(h.units(h.payer) == 0)
    let shown = try await h.rpc("eth_getTransactionReceipt", .string(receipt.hash.hex))
    #expect(shown["feeToken"] == .null)
    #expect(shown["feePayer"]?.stringValue == h.payer.address.hex)
    #expect(shown["effectiveGasPrice"] == "0x0")
  }

  @Test func thePayersChoiceComesBeforeTheCalls() async throws {
    let h = try Harness()
    let set = Call(
      to: TempoAddress.feeManager,
      data: try FeeManagerABI.setUserToken.encode([.address(TempoAddress.thetaUSD)]))
    try await h.send(set, from: h.payer)
    try await h.send(payment(h), from: h.payer)
    #expect(h.units(h.payer, TempoAddress.thetaUSD) == Harness.initial - Harness.fee)
    // What the transaction itself says comes first of all.
    try await h.send(payment(h), from: h.payer) { $0.feeToken = TempoAddress.betaUSD }
    #expect(h.units(h.payer, TempoAddress.betaUSD) == Harness.initial - Harness.fee)
  }

  @Test func anEthereumTransactionThatChoosesPaysInItsChoice() async throws {
    let h = try Harness()
    let data = try FeeManagerABI.setUserToken.encode([.address(TempoAddress.betaUSD)])
    let transaction = EIP1559Transaction(
      chainID: 1337, nonce: 0, maxPriorityFeePerGas: 0, maxFeePerGas: 24_000_000_000, gas: 60_000,
      to: TempoAddress.feeManager, data: data)
    try await h.send(transaction.signed(with: h.payer.privateKey).serialized)
    #expect(h.units(h.payer, TempoAddress.betaUSD) == Harness.initial - Harness.fee)
    #expect(h.units(h.payer) == Harness.initial)
  }

  @Test func theMaximumIsWhatThePayerMustHold() async throws {
    let h = try Harness()
    // 100,000 gas at 24 × 10⁹ are 2,400 units, though only 1,000 will be taken.
    h.devnet.setBalance(Amount(units: 2_399), of: h.payer.address)
    let raw = try h.raw([payment(h)], from: h.payer)
    #expect(
      try await h.refusal(raw)?.message
        == "insufficient funds for gas * price + value: have 2399 want 2400")
    h.devnet.setBalance(Amount(units: 2_400), of: h.payer.address)
    #expect(try await h.send(raw).succeeded)
    #expect(h.units(h.payer) == 2_400 - 1 - 1_000)
  }

  @Test func whomThePolicyForbidsToSendPaysNoFee() async throws {
    let h = try Harness()
    func policy(_ switches: JSONValue, of account: Address) async throws {
      try await h.rpc(
        "devnet_setTokenPolicy", .string(TempoAddress.pathUSD.hex), .string(account.hex), switches)
    }
    try await policy(["blockSender": true], of: h.sponsor.address)
    let sponsored = try h.sponsoredRaw([payment(h)], from: h.payer, by: h.sponsor)
    let before = try await h.dump()
    let refusal = try await h.refusal(sponsored)
    #expect(refusal?.code == -32000)
    #expect(refusal?.message == "TIP20 token error: PolicyForbids(PolicyForbids)")
    #expect(try await h.dump() == before)
    // In another token it may, and a fee of nothing is not sent.
    #expect(
      try await h.send(h.transfer(1, to: h.payee.address), from: h.sponsor) {
        $0.feeToken = TempoAddress.alphaUSD
      }.revertName == "PolicyForbids")
    try await h.rpc("devnet_setBaseFee", 0)
    let free = try h.sponsoredRaw([payment(h)], from: h.payer, by: h.sponsor) { $0.maxFeePerGas = 0 }
    #expect(try await h.send(free).succeeded)
    try await h.rpc("devnet_setBaseFee", 20_000_000_000)
    // What the fee manager may receive does not matter.
    try await policy([:], of: h.sponsor.address)
    try await policy(["blockRecipient": true], of: TempoAddress.feeManager)
    #expect(try await h.send(sponsored).succeeded)
  }

  @Test func aFeeThatThePolicyForbidsWhenItIsSealedLeavesNoReceipt() async throws {
    let h = try Harness { $0.sealing = .manual }
    let raw = try h.raw([payment(h)], from: h.payer)
    let hash = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(raw)))
    try await h.rpc(
      "devnet_setTokenPolicy", .string(TempoAddress.pathUSD.hex), .string(h.payer.address.hex),
      ["blockSender": true])
    h.devnet.mine()
    #expect(h.devnet.pendingTransactions.isEmpty)
    #expect(try await h.rpc("eth_getTransactionReceipt", hash) == .null)
    #expect(h.units(h.payer) == Harness.initial)
  }

  @Test func aTransactionBelowTheBaseFeeWaitsUntilItFalls() async throws {
    let h = try Harness { $0.sealing = .manual }
    let raw = try h.raw([payment(h)], from: h.payer)
    let hash = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(raw)))
    try await h.rpc("devnet_setBaseFee", 24_000_000_001)
    h.devnet.mine()
    #expect(h.devnet.pendingTransactions.count == 1)
    #expect(try await h.rpc("eth_getTransactionReceipt", hash) == .null)
    try await h.rpc("devnet_setBaseFee", 24_000_000_000)
    h.devnet.mine()
    let receipt = try await h.rpc("eth_getTransactionReceipt", hash)
    #expect(receipt["status"] == "0x1")
    #expect(receipt["effectiveGasPrice"]?.stringValue == UInt256(24_000_000_000 as UInt64).hexQuantity)
    // One that never falls in time is forgotten.
    let late = try h.raw([payment(h)], from: h.payer)
    try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(late)))
    try await h.rpc("devnet_setBaseFee", 24_000_000_001)
    h.devnet.clock.advance(seconds: 25)
    h.devnet.mine()
    #expect(h.devnet.pendingTransactions.isEmpty)
    #expect(h.devnet.receipts().count == 1)
  }
}
