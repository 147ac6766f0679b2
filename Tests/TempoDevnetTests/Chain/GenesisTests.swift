import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §3: what a chain begins with.
@Suite struct GenesisState {
  let h: Harness
  init() throws { h = try Harness() }

  private func read(_ function: ABIFunction, _ arguments: [ABIValue] = [], of token: Address) async throws
    -> [ABIValue]
  {
    let answer = try await h.rpc(
      "eth_call", ["to": .string(token.hex), "data": .string(Hex.encode(try function.encode(arguments)))])
    return try function.decodeReturn(try Hex.decode(answer.stringValue ?? ""))
  }

  @Test func fourTokensOfSixDecimals() async throws {
    let expected = [
      (TempoAddress.pathUSD, "pathUSD", Address.zero),
      (TempoAddress.alphaUSD, "AlphaUSD", TempoAddress.pathUSD),
      (TempoAddress.betaUSD, "BetaUSD", TempoAddress.pathUSD),
      (TempoAddress.thetaUSD, "ThetaUSD", TempoAddress.pathUSD),
    ]
    #expect(h.devnet.tokens.map(\.address) == expected.map(\.0))
    for (token, name, quote) in expected {
      #expect(try await read(TIP20ABI.name, of: token) == [.string(name)])
      #expect(try await read(ABIFunction("symbol", returns: [.string]), of: token) == [.string(name)])
      #expect(try await read(ABIFunction("currency", returns: [.string]), of: token) == [.string("USD")])
      #expect(try await read(ABIFunction("logoURI", returns: [.string]), of: token) == [.string("")])
      #expect(try await read(ABIFunction("quoteToken", returns: [.address]), of: token) == [.address(quote)])
      #expect(try await read(ABIFunction("decimals", returns: [.uint8]), of: token)[0].uint64() == 6)
      #expect(try await read(ABIFunction("transferPolicyId", returns: [.uint64]), of: token)[0].uint64() == 1)
      #expect(
        try await read(ABIFunction("supplyCap", returns: [.uint256]), of: token)
          == [.uint(UInt256(UInt128.max))])
      #expect(h.devnet.totalSupply(token: token).units == 42 * Harness.initial)
      #expect(h.devnet.balance(of: TempoAddress.dex, token: token).units == 1_000_000_000_000)
      for account in [h.devnet.faucet, h.devnet.sponsor, h.devnet.accounts[0], h.devnet.accounts[38]] {
        #expect(h.units(account, token) == Harness.initial)
        #expect(h.devnet.nonce(of: account.address) == 0)
      }
    }
  }

  @Test func mainnetHasItsOwnDollar() async throws {
    let mainnet = try Harness { $0.chainID = 4217 }
    #expect(mainnet.devnet.tokens.map(\.name) == ["pathUSD", "AlphaUSD", "BetaUSD", "ThetaUSD", "USDC.e"])
    #expect(mainnet.units(mainnet.payer, TempoAddress.usdcE) == Harness.initial)
    #expect(try await mainnet.rpc("eth_chainId") == "0x1079")
    #expect(try Harness { $0.mainnetUSDC = true }.devnet.tokens.count == 5)
  }

  @Test func whatHasCode() async throws {
    func code(_ address: Address) async throws -> String? {
      try await h.rpc("eth_getCode", .string(address.hex), "latest").stringValue
    }
    let validators = try [
      Address(hex: "0xcccccccc00000000000000000000000000000000"),
      Address(hex: "0xcccccccc00000000000000000000000000000001"),
    ]
    for address in [
      TempoAddress.pathUSD, TempoAddress.thetaUSD, TempoAddress.tip20Factory, TempoAddress.feeManager,
      TempoAddress.dex, TempoAddress.keychain, TempoAddress.nonceManager, TempoAddress.channelReserve,
      TempoAddress.signatureVerifier, TempoAddress.tip403Registry, TempoAddress.addressRegistry,
      TempoAddress.receivePolicyGuard, TempoAddress.storageCredits,
    ] + validators {
      #expect(try await code(address) == "0xef", "\(address.hex)")
    }
    let escrows = try [
      Address(hex: "0x33b901018174DDabE4841042ab76ba85D4e24f25"),
      Address(hex: "0xe1c4d3dce17BC111181DdF716F75Bae49e61a336"),
    ]
    for address in [TempoAddress.multicall3] + escrows { #expect(try await code(address) == "0xfe") }
    let unknown = try Address(hex: "0x20c0000000000000000000000000000000000099")
    for address in [h.payer.address, unknown, .zero] { #expect(try await code(address) == "0x") }
    #expect(
      try await h.rpc("eth_getStorageAt", .string(h.payer.address.hex), "0x0") == .string(Hash32.zero.hex))
  }

  @Test func issuersAndPausers() async throws {
    let hasRole = ABIFunction("hasRole", [.address, .bytes32], returns: [.bool])
    for role in ["ISSUER_ROLE", "PAUSE_ROLE", "UNPAUSE_ROLE"] {
      let id = Keccak256.hash(utf8: role)
      for (holder, expected) in [
        (h.devnet.accounts[0], true), (h.devnet.faucet, true), (h.payer, false), (h.devnet.sponsor, false),
      ] {
        let answer = try await read(
          hasRole, [.address(holder.address), .bytes32(id)], of: TempoAddress.alphaUSD)
        #expect(answer == [.bool(expected)])
      }
    }
  }

  @Test func theFirstBlock() async throws {
    let block = try await h.rpc("eth_getBlockByNumber", "earliest", true)
    #expect(block["number"] == "0x0")
    #expect(block["timestamp"]?.stringValue == Hex.quantity(Harness.t0))
    #expect(block["transactions"] == [])
    #expect(block["gasLimit"]?.stringValue == Hex.quantity(500_000_000))
    #expect(block["parentHash"]?.stringValue == Hash32.zero.hex)
    // Another chain id is another chain from its first hash on.
    let other = try await Harness { $0.chainID = 7 }.rpc("eth_getBlockByNumber", "earliest", true)
    #expect(other["hash"] != block["hash"])
  }
}
