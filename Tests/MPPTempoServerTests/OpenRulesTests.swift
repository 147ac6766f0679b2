import EVM
import MPPCore
import MPPServer
import MPPTempo
import PeerSupport
import Tempo
import TempoDevnet
import Testing

@testable import MPPTempoServer

/// Every row of `04` §18.1 and §18.5 as a failing case; nothing is broadcast by any of them.
@Suite struct OpenRulesTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let code: PaymentProblem.Code
    let detail: String
    let payload: @Sendable (Harness, OpenChannel) async throws -> SessionPayload

    var testDescription: String { name }

    init(
      _ name: String, _ code: PaymentProblem.Code, _ detail: String,
      _ payload: @escaping @Sendable (Harness, OpenChannel) async throws -> SessionPayload
    ) {
      self.name = name
      self.code = code
      self.detail = detail
      self.payload = payload
    }

    init(
      _ name: String, _ detail: String,
      _ payload: @escaping @Sendable (Harness, OpenChannel) async throws -> SessionPayload
    ) {
      self.init(name, .verificationFailed, detail, payload)
    }
  }

  static func failed(_ reason: String) -> String { "Payment verification failed: \(reason)." }

  static let stranger = try? Address(hex: "0x00000000000000000000000000000000000000aa")

  /// An open transaction whose calls were changed before it was signed; the credential claims what it says.
  static func resigned(
    _ harness: Harness, _ channel: OpenChannel, _ change: (inout TempoTransaction) throws -> Void
  ) throws -> SessionPayload {
    var transaction = channel.transaction.transaction
    try change(&transaction)
    let signed = try harness.payer.sign(transaction)
    var copy = channel
    copy.transaction = signed
    let old = channel.descriptor
    copy.descriptor = ChannelDescriptor(
      payer: old.payer, payee: old.payee, operator: old.operator, token: old.token, salt: old.salt,
      authorizedSigner: old.authorizedSigner,
      expiringNonceHash: transaction.expiringNonceHash(sender: old.payer))
    return try copy.openPayload(1_000)
  }

  static func arguments(
    _ harness: Harness, _ channel: OpenChannel, payee: Address? = nil, operator: Address? = nil,
    token: Address? = nil, signer: Address? = nil, deposit: UInt128 = 5_000
  ) throws -> SessionPayload {
    try resigned(harness, channel) { transaction in
      let old = channel.descriptor
      transaction.calls[0].data = try ChannelReserveABI.openCalldata(
        payee: payee ?? old.payee, operator: `operator` ?? old.operator, token: token ?? old.token,
        deposit: deposit, salt: old.salt, authorizedSigner: signer ?? old.authorizedSigner)
    }
  }

  static let cases: [Case] = [
    Case("C1 foreign id", failed("channel descriptor does not match channelId")) { _, channel in
      try channel.openPayload(1_000) { $0.channelID = .zero }
    },
    Case("C3 foreign payee", failed("credential descriptor does not match challenge")) { harness, _ in
      try await harness.payer.open(deposit: 5_000, payee: harness.devnet.accounts[2].address).openPayload(
        1_000)
    },
    Case("C3 foreign operator", failed("credential descriptor does not match challenge")) { harness, _ in
      try await harness.payer.open(
        deposit: 5_000, payee: harness.payee, operator: harness.devnet.accounts[2].address
      ).openPayload(1_000)
    },
    Case("C3 foreign token", failed("credential descriptor does not match challenge")) { harness, _ in
      try await harness.payer.open(deposit: 5_000, payee: harness.payee, token: TempoAddress.alphaUSD)
        .openPayload(1_000)
    },
    Case("V2 other signer", failed("credential authorizedSigner does not match descriptor")) {
      harness, channel in
      try channel.openPayload(1_000) { $0.authorizedSigner = harness.payee }
    },
    Case("V4 not a transaction", failed("TIP-1034 open transaction cannot be read")) { _, channel in
      try channel.openPayload(1_000) { $0.transaction = [0x76, 0xc0] }
    },
    Case(
      "V4 two calls",
      failed(
        "TIP-1034 open transaction must contain one management call, optionally preceded by an auto-swap")
    ) { harness, channel in
      try resigned(harness, channel) { $0.calls.append($0.calls[0]) }
    },
    Case("V4 wrong target", failed("TIP-1034 open transaction targets the wrong address")) {
      harness, channel in
      try resigned(harness, channel) { $0.calls[0].to = TempoAddress.pathUSD }
    },
    Case("V4 no calldata", failed("TIP-1034 open transaction is missing calldata")) { harness, channel in
      try resigned(harness, channel) { $0.calls[0].data = [] }
    },
    Case("V4 another function", failed("Expected TIP-1034 open calldata")) { harness, channel in
      try resigned(harness, channel) {
        $0.calls[0].data = try ChannelReserveABI.topUpCalldata(channel.descriptor, additionalDeposit: 5)
      }
    },
    Case("V4 padded calldata", failed("Expected TIP-1034 open calldata")) { harness, channel in
      try resigned(harness, channel) { $0.calls[0].data.append(0) }
    },
    Case("V5 payee", failed("TIP-1034 open payee does not match challenge")) { harness, channel in
      try arguments(harness, channel, payee: harness.devnet.accounts[2].address)
    },
    Case("V5 operator", failed("TIP-1034 open operator does not match challenge")) { harness, channel in
      try arguments(harness, channel, operator: harness.devnet.accounts[2].address)
    },
    Case("V5 token", failed("TIP-1034 open token does not match challenge")) { harness, channel in
      try arguments(harness, channel, token: TempoAddress.alphaUSD)
    },
    Case("V5 signer", failed("TIP-1034 open authorizedSigner does not match credential")) {
      harness, channel in
      try arguments(harness, channel, signer: harness.devnet.accounts[2].address)
    },
    Case(
      "V7 foreign transaction", failed("TIP-1034 ChannelOpened channelId does not match descriptor")
    ) { harness, channel in
      let other = Payer(harness.devnet, harness.devnet.accounts[5], seed: 9)
      let foreign = try await other.open(deposit: 5_000, payee: harness.payee)
      return try channel.openPayload(1_000) { $0.transaction = foreign.transaction.serialized }
    },
    Case("V8 broken signature", failed("TIP-1034 open transaction is not signed by its sender")) {
      _, channel in
      try channel.openPayload(1_000) {
        $0.transaction.removeLast(65)
        $0.transaction += [UInt8](repeating: 0x11, count: 64) + [0x1b]
      }
    },
    Case("W55 another chain", failed("TIP-1034 open transaction is for another chain")) { harness, channel in
      try resigned(harness, channel) { $0.chainID = 4_217 }
    },
    Case("V10 other nonce hash", failed("credential expiringNonceHash does not match transaction")) {
      harness, channel in
      var transaction = channel.transaction.transaction
      transaction.validAfter = 77
      let other = try harness.payer.sign(transaction)
      return try channel.openPayload(1_000) { $0.transaction = other.serialized }
    },
    Case("no end", failed("TIP-1034 open transaction has no validBefore")) { harness, channel in
      try resigned(harness, channel) { $0.validBefore = nil }
    },
    Case("a nonce that is waited for", failed("TIP-1034 open transaction has no expiring nonce")) {
      harness, channel in
      try resigned(harness, channel) {
        $0.nonceKey = 0
        $0.nonce = 7
      }
    },
    Case("valid for too long", failed("TIP-1034 open transaction is valid for too long")) {
      harness, channel in
      try resigned(harness, channel) {
        $0.validBefore = UInt64(clamping: harness.now.adding(seconds: 140).seconds)
      }
    },
    Case("dead already", failed("TIP-1034 open transaction has expired")) { harness, channel in
      try resigned(harness, channel) {
        $0.validAfter = nil
        $0.validBefore = UInt64(clamping: harness.now.adding(seconds: -20).seconds)
      }
    },
    Case("not valid yet", failed("TIP-1034 open transaction is not valid yet")) { harness, channel in
      try resigned(harness, channel) {
        $0.validAfter = UInt64(clamping: harness.now.adding(seconds: 20).seconds)
      }
    },
    Case("below the base fee", failed("TIP-1034 open transaction offers less than the base fee")) {
      harness, channel in
      try resigned(harness, channel) {
        $0.maxFeePerGas = 1
        $0.maxPriorityFeePerGas = 0
      }
    },
    Case("V11 small deposit", failed("open deposit is less than request amount")) { harness, _ in
      try await harness.payer.open(deposit: 999, payee: harness.payee).openPayload(999)
    },
    Case("V12 small voucher", failed("voucher amount is less than request amount")) { _, channel in
      try channel.openPayload(999)
    },
    Case(
      "V14 above deposit", .amountExceedsDeposit,
      "Amount exceeds deposit: voucher amount exceeds open deposit."
    ) { _, channel in
      try channel.openPayload(5_001)
    },
    Case("V15 foreign voucher", .invalidSignature, "Invalid signature: invalid voucher signature.") {
      harness, channel in
      let signature = try channel.signature(1_000, by: harness.devnet.accounts[3].privateKey)
      return try channel.openPayload(1_000) { $0.signature = signature }
    },
    Case("V15 other amount", .invalidSignature, "Invalid signature: invalid voucher signature.") {
      _, channel in
      let signature = try channel.signature(1_001)
      return try channel.openPayload(1_000) { $0.signature = signature }
    },
  ]

  @Test(arguments: cases) func isRefusedBeforeAnythingIsSent(_ item: Case) async throws {
    let harness = try await Harness()
    let channel = try await harness.payer.open(deposit: 5_000, payee: harness.payee)
    let payload = try await item.payload(harness, channel)
    expectRefusal(try await harness.get(payload), item.code, item.detail)
    #expect(harness.devnet.requestCount("eth_sendRawTransaction") == 0)
    #expect(try await harness.channels.load(channel.id) == nil)
    #expect(try await harness.channels.intents.pending(limit: 9).isEmpty)
  }

  @Test func v16AnOpenThatWouldRevertIsNotSent() async throws {
    let harness = try await Harness()
    let channel = try await harness.payer.open(deposit: 5_000, payee: harness.payee)
    harness.devnet.setBalance(Amount(units: 4_999), of: harness.payer.account.address)
    expectRefusal(
      try await harness.get(channel.openPayload(1_000)), .verificationFailed,
      Self.failed("the simulated open transaction was refused by the chain"))
    #expect(harness.devnet.requestCount("eth_sendRawTransaction") == 0)
  }

  @Test func b1ARevertedOpenIsNoChannel() async throws {
    let harness = try await Harness()
    let channel = try await harness.payer.open(deposit: 5_000, payee: harness.payee)
    harness.devnet.faults.inject(.broadcast, .revert())
    expectRefusal(
      try await harness.get(channel.openPayload(1_000)), .verificationFailed,
      Self.failed("precompile transaction reverted"))
    #expect(try await harness.channels.load(channel.id) == nil)
    #expect(try await harness.channels.intents.pending(limit: 9).isEmpty)
  }

  /// B2 to B4: the receipt must say what was signed. `patchResult` makes the node lie about its logs.
  @Test func b2AReceiptWithoutTheEventIsRefused() async throws {
    let harness = try await Harness()
    let channel = try await harness.payer.open(deposit: 5_000, payee: harness.payee)
    harness.devnet.faults.inject(
      .method("eth_getTransactionReceipt"), .patchResult(.object([.init(key: "logs", value: .array([]))])))
    expectRefusal(
      try await harness.get(channel.openPayload(1_000)), .verificationFailed,
      Self.failed("expected one ChannelOpened event for credential channelId in receipt"))
    // The node says the truth again: the same credential finishes the same open.
    try await harness.deliver(try await harness.get(channel.openPayload(1_000)))
    #expect(harness.devnet.requestCount("eth_sendRawTransaction") == 1)
    try await harness.expectAgreement(channel)
  }

  @Test func aSwapMayPrecedeTheOpenAndIsCheckedWhole() throws {
    let deposit: UInt128 = 5_000
    func transaction(
      _ change: (inout [Call]) throws -> Void
    ) throws -> Result<Void, PaymentProblem> {
      let approve = try TIP20ABI.approveCalldata(spender: TempoAddress.dex, amount: 6_000)
      let swap = try SwapExactAmountOut(
        tokenIn: TempoAddress.alphaUSD, tokenOut: TempoAddress.pathUSD, amountOut: deposit, maxAmountIn: 6_000
      )
      let open = try ChannelReserveABI.openCalldata(
        payee: TempoAddress.dex, operator: .zero, token: TempoAddress.pathUSD, deposit: deposit, salt: .zero,
        authorizedSigner: .zero)
      var calls = [
        Call(to: TempoAddress.alphaUSD, data: approve), Call(to: TempoAddress.dex, data: try swap.calldata()),
        Call(to: TempoAddress.channelReserve, data: open),
      ]
      try change(&calls)
      let unsigned = TempoTransaction(chainID: 42_431, calls: calls, validBefore: 9)
      let key = try Secp256k1PrivateKey([UInt8](repeating: 7, count: 32))
      let signed = try SignedTempoTransaction(
        unsigned, signature: .secp256k1(key.sign(unsigned.signingHash())))
      do throws(PaymentProblem) {
        let parsed = try ManagementCalls(
          parsing: signed.serialized, .open, escrow: TempoAddress.channelReserve)
        try parsed.checkSwap(token: TempoAddress.pathUSD, amount: Amount(units: deposit))
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    func expect(_ text: String, _ change: (inout [Call]) throws -> Void) throws {
      guard case .failure(let problem) = try transaction(change) else {
        Issue.record("accepted: \(text)")
        return
      }
      #expect(problem.detail == Self.failed("TIP-1034 open auto-swap \(text)"))
    }
    func swap(
      _ tokenIn: Address = TempoAddress.alphaUSD, _ tokenOut: Address = TempoAddress.pathUSD,
      _ amountOut: UInt128 = 5_000
    ) throws -> [UInt8] {
      try SwapExactAmountOut(tokenIn: tokenIn, tokenOut: tokenOut, amountOut: amountOut, maxAmountIn: 6_000)
        .calldata()
    }
    #expect(throws: Never.self) { try transaction { _ in }.get() }
    try expect("call is missing a target or calldata") { $0[0].to = nil }
    try expect("call is missing a target or calldata") { $0[1].data = [] }
    try expect("calls must not transfer native value") { $0[1].value = 1 }
    try expect("targets the wrong DEX") { $0[1].to = TempoAddress.feeManager }
    try expect("approval calldata is invalid") { $0[0].data = [1, 2, 3, 4] }
    try expect("swap calldata is invalid") { $0[1].data = [1, 2, 3, 4] }
    try expect("must contain approve followed by swapExactAmountOut") {
      $0[0].data = try TIP20ABI.transferCalldata(to: TempoAddress.dex, amount: 6_000)
    }
    try expect("approval token does not match swap input") { $0[0].to = TempoAddress.betaUSD }
    try expect("approval spender is not the DEX") {
      $0[0].data = try TIP20ABI.approveCalldata(spender: TempoAddress.feeManager, amount: 6_000)
    }
    try expect("approval amount does not match swap maximum input") {
      $0[0].data = try TIP20ABI.approveCalldata(spender: TempoAddress.dex, amount: 6_001)
    }
    try expect("output token does not match channel currency") {
      $0[1].data = try swap(TempoAddress.alphaUSD, TempoAddress.betaUSD)
    }
    try expect("output amount does not match channel deposit") {
      $0[1].data = try swap(TempoAddress.alphaUSD, TempoAddress.pathUSD, 4_999)
    }
    try expect("input and output tokens must differ") {
      $0[0].to = TempoAddress.pathUSD
      $0[1].data = try swap(TempoAddress.pathUSD)
    }
    try expect("approval calldata is not canonical") { $0[0].data += [UInt8](repeating: 0, count: 32) }
    try expect("swap calldata is not canonical") { $0[1].data += [UInt8](repeating: 0, count: 32) }
    // The order of two faults is that of the rules.
    try expect("approval calldata is invalid") { $0[0].data.removeLast() }
    try expect("swap calldata is invalid") {
      $0[0].data = try TIP20ABI.transferCalldata(to: TempoAddress.dex, amount: 6_000)
      $0[1].data = [1, 2, 3, 4]
    }
    try expect("output amount does not match channel deposit") {
      $0[0].data += [UInt8](repeating: 0, count: 32)
      $0[1].data = try swap(TempoAddress.alphaUSD, TempoAddress.pathUSD, 4_999)
    }
  }
}
