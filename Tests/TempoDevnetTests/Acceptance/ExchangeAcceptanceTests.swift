import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §15 A12, A13 and B21: payments out of another token; and `03` §9.2.
@Suite struct ExchangeAcceptance {
  let h: Harness
  let alpha = TempoAddress.alphaUSD
  let dex = TempoAddress.dex

  init() throws { h = try Harness() }

  private func approve(_ amount: UInt64) throws -> Call {
    Call(to: alpha, data: try TIP20Call.approve(spender: dex, amount: UInt256(amount)).calldata())
  }

  private func swap(_ output: UInt128, atMost input: UInt128) throws -> Call {
    let swap = SwapExactAmountOut(
      tokenIn: alpha, tokenOut: TempoAddress.pathUSD, amountOut: output, maxAmountIn: input)
    return Call(to: dex, data: try swap.calldata())
  }

  private func read(_ function: ABIFunction, _ arguments: [ABIValue], to: Address? = nil) async throws
    -> UInt64
  {
    let data = try function.encode(arguments)
    let answer = try await h.rpc(
      "eth_call",
      [
        "from": .string(h.payer.address.hex), "to": .string((to ?? dex).hex),
        "data": .string(Hex.encode(data)),
      ])
    return try function.decodeReturn(try Hex.decode(answer.stringValue ?? ""))[0].uint64()
  }

  private func alphaTransfer(_ from: Address, _ to: Address, _ amount: UInt64) throws -> Log {
    try TIP20Event.transfer(from: from, to: to, amount: UInt256(amount)).log(token: alpha)
  }

  @Test func a12AutoSwap() async throws {
    h.devnet.setBalance(.zero, of: h.payer.address)
    let calls = [
      try approve(1_010_000), try swap(1_000_000, atMost: 1_010_000),
      try h.transfer(1_000_000, to: h.payee.address),
    ]
    let receipt = try await h.send(h.sponsoredRaw(calls, from: h.payer, by: h.sponsor))
    let approval = Log(
      address: alpha,
      topics: [Keccak256.hash(utf8: "Approval(address,address,uint256)"), h.payer.address.word, dex.word],
      data: UInt256(1_010_000 as UInt64).bytes32)
    #expect(
      receipt.logs == [
        approval, try alphaTransfer(h.payer.address, dex, 1_000_000),
        try h.transferLog(dex, h.payer.address, 1_000_000),
        try h.transferLog(h.payer.address, h.payee.address, 1_000_000), try h.feeLog(h.sponsor),
      ])
    #expect(h.units(h.payer, alpha) == Harness.initial - 1_000_000)
    #expect(h.units(h.payer) == 0)
  }

  @Test func a13ThePriceIsTooHigh() async throws {
    try await h.rpc(
      "devnet_setDexRate", .string(alpha.hex), .string(TempoAddress.pathUSD.hex), 102, 100)
    let call = try swap(1_000_000, atMost: 1_010_000)
    let error = try await h.failure(
      "eth_call",
      [
        "from": .string(h.payer.address.hex), "to": .string(dex.hex), "data": .string(Hex.encode(call.data)),
      ])
    #expect(error?.code == 3)
    #expect(error?.data == "0xde9d3c88")
    #expect(try await h.send(call, from: h.payer).revertName == "MaxInputExceeded")
    #expect(try await h.send(swap(1_000_000, atMost: 1_020_000), from: h.payer).succeeded)
    #expect(h.units(h.payer, alpha) == Harness.initial - 1_020_000 - 2 * Harness.fee)
  }

  @Test func b21AChannelIsOpenedOutOfAnotherToken() async throws {
    let open = ChannelReserveCall.Open(
      payee: h.payee.address, operator: .zero, token: TempoAddress.pathUSD, deposit: 1_000_000,
      salt: .zero, authorizedSigner: .zero)
    let receipt = try await h.send(
      approve(1_010_000), swap(1_000_000, atMost: 1_010_000), h.reserve(.open(open)), from: h.payer)
    #expect(receipt.succeeded)
    let own = receipt.logs.filter { $0.address == TempoAddress.channelReserve }
    #expect(own.count == 1)
    #expect(own.first?.topics[0] == ChannelReserveABI.channelOpened.topic)
    #expect(h.units(TempoAddress.channelReserve) == 1_000_000)
  }

  @Test func quotesRoundAgainstTheUser() async throws {
    try await h.rpc("devnet_setDexRate", .string(alpha.hex), .string(TempoAddress.pathUSD.hex), 102, 100)
    let pair: [ABIValue] = [.address(alpha), .address(TempoAddress.pathUSD)]
    let out = StablecoinDEXABI.quoteSwapExactAmountOut
    let back = StablecoinDEXABI.quoteSwapExactAmountIn
    #expect(try await read(out, pair + [.uint(0 as UInt64)]) == 0)
    #expect(try await read(out, pair + [.uint(1 as UInt64)]) == 2)
    #expect(try await read(out, pair + [.uint(100 as UInt64)]) == 102)
    #expect(try await read(back, pair + [.uint(102 as UInt64)]) == 100)
    #expect(try await read(back, pair + [.uint(101 as UInt64)]) == 99)
    // The other way is another rate.
    let mirrored: [ABIValue] = [pair[1], pair[0], .uint(7 as UInt64)]
    #expect(try await read(out, mirrored) == 7)
  }

  @Test func refusalsOfTheExchange() async throws {
    func quote(_ input: Address, _ output: Address, _ amount: UInt64) async throws -> String? {
      let data = try StablecoinDEXABI.quoteCalldata(
        tokenIn: input, tokenOut: output, amountOut: UInt128(amount))
      return try await h.failure("eth_call", ["to": .string(dex.hex), "data": .string(Hex.encode(data))])?
        .message
    }
    let path = TempoAddress.pathUSD
    #expect(try await quote(path, path, 1) == "execution reverted: IdenticalTokens")
    #expect(try await quote(h.payer.address, path, 1) == "execution reverted: InvalidToken")
    #expect(try await quote(alpha, path, 1_000_000_000_001) == "execution reverted: InsufficientLiquidity")
    try await h.rpc("devnet_setDexPair", .string(alpha.hex), .string(path.hex), false)
    #expect(try await quote(alpha, path, 1) == "execution reverted: PairDoesNotExist")
    #expect(try await quote(path, alpha, 1) == nil)
    try await h.rpc("devnet_setDexPair", .string(alpha.hex), .string(path.hex), true)
    #expect(try await quote(alpha, path, 1) == nil)
    h.devnet.setBalance(.zero, of: h.payer.address, token: alpha)
    let poor = try await h.send(swap(1, atMost: 1), from: h.payer) { $0.feeToken = path }
    #expect(poor.revertName == "InsufficientBalance")
    let least = Call(
      to: dex,
      data: try StablecoinDEXABI.swapExactAmountIn.encode([
        .address(path), .address(alpha), .uint(5 as UInt64), .uint(6 as UInt64),
      ]))
    #expect(try await h.send(least, from: h.payer).revertName == "InsufficientOutput")
    #expect(
      try await h.failure("devnet_setDexRate", .string(alpha.hex), .string(path.hex), 0, 1)?.code == -32602)
  }

  @Test func anAccessKeysLimitHoldsForSwaps() async throws {
    let w = try AccessScene(h)
    let authorization = try w.authorization {
      $0.limits = .list([AccessScene.Terms.limit(999, alpha)])
    }
    let receipt = try await h.send(
      w.sponsored([swap(1_000, atMost: 1_000)], authorization: authorization))
    #expect(receipt.revertName == "SpendingLimitExceeded")
    #expect(try await h.send(w.sponsored([swap(999, atMost: 999)])).succeeded)
    #expect(try await w.limit(alpha) == [0, 0])
  }

  @Test func aLoneSwapPaysItsFeeInTheTokenItGives() async throws {
    let receipt = try await h.send(swap(1_000, atMost: 1_000), from: h.payer)
    #expect(receipt.succeeded)
    #expect(h.units(h.payer, alpha) == Harness.initial - 1_000 - Harness.fee)
    #expect(h.units(h.payer) == Harness.initial + 1_000)
  }

  @Test func liquidityOfTheFeeManager() async throws {
    let mint = ABIFunction("mint", [.address, .address, .uint256, .address], returns: [.uint256])
    let call = Call(
      to: TempoAddress.feeManager,
      data: try mint.encode([
        .address(alpha), .address(TempoAddress.pathUSD), .uint(500 as UInt64), .address(h.stranger.address),
      ]))
    let receipt = try await h.send(call, from: h.payer)
    #expect(receipt.logs[0] == (try h.transferLog(h.payer.address, TempoAddress.feeManager, 500)))
    #expect(
      receipt.logs[1].topics == [
        Keccak256.hash(utf8: "Mint(address,address,address,address,uint256,uint256)"),
        h.stranger.address.word, alpha.word, TempoAddress.pathUSD.word,
      ])
    let poolID = ABIFunction("getPoolId", [.address, .address], returns: [.bytes32])
    let data = try poolID.encode([.address(alpha), .address(TempoAddress.pathUSD)])
    let pool = try await h.rpc(
      "eth_call", ["to": .string(TempoAddress.feeManager.hex), "data": .string(Hex.encode(data))])
    let balances = ABIFunction("liquidityBalances", [.bytes32, .address], returns: [.uint256])
    let owned = try await read(
      balances, [.bytes32(try Hash32(hex: pool.stringValue ?? "")), .address(h.stranger.address)],
      to: TempoAddress.feeManager)
    #expect(owned == 500)
  }

  @Test func theAccountsOwnFeeToken() async throws {
    let set = Call(
      to: TempoAddress.feeManager, data: try FeeManagerABI.setUserToken.encode([.address(alpha)]))
    let receipt = try await h.send(set, from: h.payer)
    #expect(
      receipt.logs[0].topics == [
        Keccak256.hash(utf8: "UserTokenSet(address,address)"), h.payer.address.word, alpha.word,
      ])
    // A call that says nothing about tokens is paid in the one that was set.
    let empty = try await h.send(Call(to: h.stranger.address), from: h.payer)
    #expect(empty.succeeded)
    #expect(h.units(h.payer, alpha) == Harness.initial - Harness.fee)
    #expect(h.units(h.payer) == Harness.initial - Harness.fee)
    let bad = Call(
      to: TempoAddress.feeManager,
      data: try FeeManagerABI.setUserToken.encode([.address(h.stranger.address)]))
    #expect(try await h.send(bad, from: h.payer).revertName == "InvalidToken")
  }
}
