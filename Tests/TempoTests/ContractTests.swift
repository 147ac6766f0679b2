import EVM
import Tempo
import Testing

@Suite struct ContractTests {
  private let descriptor: ChannelDescriptor

  init() throws { descriptor = try Samples.descriptor() }

  private func calls() throws -> [[UInt8]] {
    [
      try ChannelReserveABI.openCalldata(
        payee: descriptor.payee, token: descriptor.token, deposit: 5, salt: descriptor.salt,
        authorizedSigner: .zero),
      try ChannelReserveABI.topUpCalldata(descriptor, additionalDeposit: 9),
      try ChannelReserveABI.settleCalldata(
        descriptor, cumulativeAmount: 3, signature: [UInt8](repeating: 1, count: 65)),
      try ChannelReserveABI.closeCalldata(
        descriptor, cumulativeAmount: 3, captureAmount: 2, signature: [UInt8](repeating: 1, count: 65)),
      try ChannelReserveABI.requestCloseCalldata(descriptor),
      try ChannelReserveABI.getChannelStatesBatchCalldata([descriptor.salt, .zero]),
    ]
  }

  @Test func trailingBytesOfCalldataAreRefused() throws {
    for call in try calls() {
      #expect(try ChannelReserveCall(calldata: call).calldata() == call)
      #expect(throws: TempoError.self) { try ChannelReserveCall(calldata: call + [0]) }
      #expect(throws: TempoError.self) {
        try ChannelReserveCall(calldata: call + [UInt8](repeating: 0, count: 32))
      }
      #expect(throws: TempoError.self) { try ChannelReserveCall(calldata: Array(call.dropLast())) }
    }
  }

  @Test func unusualOffsetsAreRefused() throws {
    var call = try calls()[2]
    // The signature's offset is the ninth word; moving it and the tail by a word means the same to a
    // lenient reader.
    let offset = 4 + 8 * 32
    call[offset + 31] += 32
    call.insert(contentsOf: [UInt8](repeating: 0, count: 32), at: 4 + 9 * 32)
    #expect(throws: TempoError.self) { try ChannelReserveCall(calldata: call) }
  }

  @Test func dirtyPaddingIsRefused() throws {
    var address = try calls()[0]
    address[4] = 1
    #expect(throws: TempoError.self) { try ChannelReserveCall(calldata: address) }
    var amount = try calls()[0]
    amount[4 + 3 * 32 + 19] = 1
    #expect(throws: TempoError.amountOutOfRange) { try ChannelReserveCall(calldata: amount) }
    var signature = try calls()[2]
    signature[signature.count - 1] = 1
    #expect(throws: TempoError.self) { try ChannelReserveCall(calldata: signature) }
  }

  @Test func unknownSelectorsAreRefused() {
    for bytes in [[], [0xed], [0xed, 0xc5, 0x3b, 0x01]] as [[UInt8]] {
      #expect(throws: TempoError.self) { try ChannelReserveCall(calldata: bytes) }
      #expect(throws: TempoError.self) { try TIP20Call(calldata: bytes) }
    }
  }

  @Test func amountsAboveUInt96AreRefused() throws {
    let above = Voucher.maximumAmount + 1
    #expect(throws: TempoError.amountOutOfRange) {
      try ChannelReserveABI.topUpCalldata(descriptor, additionalDeposit: above)
    }
    #expect(throws: TempoError.amountOutOfRange) {
      try Voucher(channelID: .zero, cumulativeAmount: above)
    }
    #expect(throws: TempoError.amountOutOfRange) {
      try ChannelState(settled: 0, deposit: above, closeRequestedAt: 0)
    }
    let word = UInt256(above).bytes32
    let zero = [UInt8](repeating: 0, count: 32)
    #expect(throws: TempoError.amountOutOfRange) { try ChannelReserveABI.decodeState(zero + word + zero) }
    #expect(try ChannelReserveABI.decodeState(zero + zero + zero).exists == false)
    #expect(throws: TempoError.self) { try ChannelReserveABI.decodeState([]) }
  }

  @Test func lengthsOfThePaymentFunctions() throws {
    // `02` §1.5.
    #expect(try calls()[0].count == 196)
    #expect(try calls()[1].count == 260)
    let to = descriptor.payee
    #expect(try TIP20ABI.transferCalldata(to: to, amount: 1).count == 68)
    #expect(try TIP20ABI.transferWithMemoCalldata(to: to, amount: 1, memo: .zero).count == 100)
    #expect(try TIP20ABI.approveCalldata(spender: to, amount: 1).count == 68)
    let swap = SwapExactAmountOut(
      tokenIn: TempoAddress.alphaUSD, tokenOut: TempoAddress.pathUSD, amountOut: 1, maxAmountIn: 2)
    #expect(try swap.calldata().count == 132)
    #expect(throws: TempoError.self) { try SwapExactAmountOut(calldata: try swap.calldata() + [0]) }
  }

  @Test func eventsOfAnotherContractAreNotOurs() throws {
    let event = ChannelReserveEvent(
      channelID: descriptor.salt, payer: descriptor.payer, payee: descriptor.payee,
      kind: .topUp(additionalDeposit: 1, newDeposit: 2))
    let log = try event.log()
    #expect(try ChannelReserveEvent(log: log) == event)
    var foreign = log
    foreign.address = TempoAddress.pathUSD
    #expect(try ChannelReserveEvent(log: foreign) == nil)
    #expect(try ChannelReserveEvent(log: foreign, escrow: TempoAddress.pathUSD) == event)
    var malformed = log
    malformed.data.append(0)
    #expect(throws: TempoError.self) { try ChannelReserveEvent(log: malformed) }
    malformed = log
    malformed.topics.removeLast()
    #expect(throws: TempoError.self) { try ChannelReserveEvent(log: malformed) }
    malformed.topics = []
    #expect(try ChannelReserveEvent(log: malformed) == nil)
  }

  @Test func theOpenedEventNamesItsDescriptor() throws {
    let opened = ChannelReserveEvent.Opened(
      operator: descriptor.operator, token: descriptor.token, authorizedSigner: descriptor.authorizedSigner,
      salt: descriptor.salt, expiringNonceHash: descriptor.expiringNonceHash, deposit: 5)
    let id = descriptor.channelID(chainID: TempoChain.moderato)
    let event = ChannelReserveEvent(
      channelID: id, payer: descriptor.payer, payee: descriptor.payee, kind: .opened(opened))
    #expect(event.openedDescriptor == descriptor)
    #expect(descriptor.effectiveSigner == descriptor.payer)
  }

  @Test func revertsAreNamed() throws {
    for name in ["ChannelNotFound", "NotPayer", "InsufficientAllowance", "KeyExpired", "ExpiringNonceReplay"]
    {
      let data = try #require(ContractErrors.revertData(name))
      #expect(ContractErrors.reason(data).name == name)
    }
    let balance = try #require(
      ContractErrors.revertData(
        "InsufficientBalance", [.uint(UInt64(1)), .uint(UInt64(2)), .address(TempoAddress.pathUSD)]))
    #expect(ContractErrors.reason(balance).name == "InsufficientBalance")
    #expect(ContractErrors.reason([]) == .empty)
    #expect(ContractErrors.reason([1, 2, 3, 4]) == .unknown([1, 2, 3, 4]))
    #expect(ContractErrors.revertData("NoSuchError") == nil)
    let selectors = ContractErrors.all.map(\.selector)
    #expect(Set(selectors).count == selectors.count)
  }
}
