import EVM
import MPPCore
import Tempo
import Testing

@testable import TempoDevnet

/// `03` §2 `--state`: a chain that goes on where it stopped.
@Suite struct StateFiles {
  let h: Harness
  init() throws { h = try Harness() }

  private func restarted(_ h: Harness) throws -> Harness {
    Harness(
      devnet: try Devnet(configuration: h.devnet.configuration, restoring: h.devnet.savedState()))
  }

  @Test func everythingComesBack() async throws {
    let (scene, opened) = try await ChannelScene.opened(h)
    try await scene.settle(2_500_000)
    let w = try AccessScene(h)
    try await h.send(
      w.sponsored(
        [w.pay(1)],
        authorization: w.authorization {
          $0.limits = .list([AccessScene.Terms.limit(100, period: 60)])
          $0.scopes = .list([
            AccessScene.Scope(selector: [0xa9, 0x05, 0x9c, 0xbb], recipients: [h.payee.address]).item
          ])
        }))
    let failed = try await h.send(h.transfer(Harness.initial, to: h.payee.address), from: h.payer)
    try await h.rpc(
      "devnet_addToken",
      ["address": "0x20c0000000000000000000000000000000000077", "name": "Seven", "currency": "EUR"])
    h.devnet.clock.advance(milliseconds: 1_234)
    let raw = try h.raw([h.transfer(1, to: h.payee.address)], from: h.payer)
    try await h.send(raw)

    let again = try restarted(h)
    #expect(try await again.dump() == h.dump())
    #expect(again.devnet.clock.now == h.devnet.clock.now)
    #expect(again.devnet.audit() == [])
    for receipt in [opened, failed] {
      let hash = JSONValue.string(receipt.hash.hex)
      #expect(
        try await again.rpc("eth_getTransactionReceipt", hash)
          == h.rpc("eth_getTransactionReceipt", hash))
      #expect(try await again.rpc("devnet_trace", hash) == h.rpc("devnet_trace", hash))
    }
    #expect(again.devnet.receipt(failed.hash)?.revertName == "InsufficientBalance")
    #expect(again.devnet.tokens.contains { $0.name == "Seven" && $0.currency == "EUR" })
    // What has been sent cannot be sent again, scopes still hold, and the channel lives on.
    #expect(try await again.refusal(raw)?.message.contains("ExpiringNonceReplay") == true)
    let v = try AccessScene(again)
    #expect(
      try await again.send(v.sponsored([v.pay(1, to: again.stranger.address)])).revertName == "CallNotAllowed"
    )
    #expect(try await again.send(v.sponsored([v.pay(1)])).succeeded)
    let continued = ChannelScene(h: again, scene.descriptor)
    #expect(try await continued.settle(3_000_000).succeeded)
    #expect(try await again.rpc("devnet_reset") == true)
    #expect(again.units(again.payer) == Harness.initial)
  }

  @Test func oldStatesAreNotInTheFile() async throws {
    try await h.send(h.transfer(1, to: h.payee.address), from: h.payer)
    let again = try restarted(h)
    let block = try await again.rpc("eth_getBlockByNumber", "0x0", false)
    #expect(block["number"] == "0x0")
    let call: JSONValue = ["to": .string(TempoAddress.pathUSD.hex), "data": "0x18160ddd"]
    #expect(try await again.failure("eth_call", call, "0x0")?.code == -32001)
    #expect(try await again.failure("eth_call", call, "0x1") == nil)
    #expect(try await again.failure("devnet_reorg", ["depth": 1])?.code == -32602)
  }

  @Test func waitingTransactionsComeBack() async throws {
    let h = try Harness { $0.sealing = .manual }
    let raw = try h.raw([h.transfer(5, to: h.payee.address)], from: h.payer)
    _ = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(raw)))
    let again = try restarted(h)
    again.devnet.mine()
    #expect(again.units(again.payee) == Harness.initial + 5)
  }

  @Test func filesThatAreNotOurs() async throws {
    func load(_ text: String) -> DevnetStateError? {
      do {
        _ = try Devnet(restoring: Array(text.utf8))
        return nil
      } catch {
        return error as? DevnetStateError
      }
    }
    #expect(load("") == .unreadable("not JSON"))
    #expect(load("{}") == .unknownVersion(nil))
    #expect(load(#"{"version":2}"#) == .unknownVersion(2))
    #expect(load(#"{"version":1,"chainId":"0x1"}"#) == .otherChain(1))
    #expect(load(#"{"version":1,"chainId":"0x539","baseFee":"0x1"}"#) == .unreadable("no blocks"))
    let saved = String(decoding: h.devnet.savedState(), as: UTF8.self)
    #expect(load(saved) == nil)
    #expect(
      load(saved.replacing(#""supply/"#, with: #""sipply/"#)) != nil)
  }

  @Test func everyCellHasANameThatReadsBack() throws {
    let a = Addresses.dex
    let b = Addresses.reserve
    let c = Addresses.keychain
    let hash = Keccak256.hash(utf8: "x")
    let slots: [Slot] = [
      .nonce(a), .keyedNonce(a, key: 7), .expiring(hash), .created(a), .balance(token: a, holder: b),
      .supply(a), .paused(a), .allowance(token: a, owner: b, spender: c), .permitNonce(token: a, owner: b),
      .role(token: a, role: hash, holder: b), .policy(token: a, holder: b), .userToken(a), .channel(hash),
      .storageCredits(a), .key(account: a, id: b), .keyLimit(account: a, id: b, token: c),
      .keyPeriod(account: a, id: b, token: c), .keyScopes(account: a, id: b),
      .burnedWitness(account: a, witness: hash), .dexRate(input: a, output: b),
      .dexClosed(input: a, output: b), .liquidity(pool: hash, owner: a), .liquiditySupply(hash),
      .legacyChannel(escrow: a, id: hash, word: 3),
    ]
    for slot in slots { #expect(Slot(name: slot.name) == slot, "\(slot.name)") }
    #expect(Set(slots.map(\.name)).count == slots.count)
    for name in ["", "nonce", "nonce/0x12", "thing/0x00", "legacyChannel/\(a.hex)/\(hash.hex)/x"] {
      #expect(Slot(name: name) == nil)
    }
  }
}

/// `03` §3.1: accounts from the words of a wallet.
@Suite struct Mnemonics {
  @Test func theTableIsWhatTheWordsGive() throws {
    let derived = try WellKnownKeys.derived(WellKnownKeys.mnemonic, count: 20)
    #expect(derived == WellKnownKeys.addressSeries + WellKnownKeys.accountSeries.dropFirst())
  }

  @Test func otherWordsGiveOtherAccounts() throws {
    var configuration = DevnetConfiguration()
    configuration.mnemonic =
      "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
    configuration.accountCount = 2
    let devnet = try Devnet(configuration: configuration)
    #expect(devnet.accounts.count == 3)
    #expect(devnet.accounts[0].address.checksummed == "0x9858EfFD232B4033E47d90003D41EC34EcaEda94")
    #expect(devnet.balance(of: devnet.accounts[0].address).units == Harness.initial)
    configuration.mnemonic = "é"
    #expect(throws: MnemonicKeys.Failure.notASCII) { try Devnet(configuration: configuration) }
  }
}

@Suite struct Events {
  @Test func whatHappensIsTold() async throws {
    let h = try Harness()
    var events = h.devnet.events().makeAsyncIterator()
    let receipt = try await h.send(h.transfer(1, to: h.payee.address), from: h.payer)
    guard case .transaction(let told)? = await events.next(),
      case .request(let request)? = await events.next()
    else {
      Issue.record("other events")
      return
    }
    #expect(told.hash == receipt.hash)
    #expect(told.logs == receipt.logs)
    #expect(request.method == "eth_sendRawTransaction")
  }
}
