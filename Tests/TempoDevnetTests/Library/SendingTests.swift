import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §13: transactions made by the chain's own helper.
@Suite struct Sending {
  let h: Harness
  init() throws { h = try Harness() }

  @Test func anAccountPaysForItself() async throws {
    let call = try h.transfer(1_000, to: h.payee.address)
    for _ in 0..<2 {
      let receipt = try await h.devnet.signAndSend(call, from: h.payer)
      #expect(receipt?.succeeded == true)
      #expect(receipt?.feePayer == h.payer.address)
    }
    #expect(h.units(h.payer) == Harness.initial - 2 * (1_000 + Harness.fee))
    #expect(h.devnet.nonce(of: h.payer.address) == 0)
    #expect(h.devnet.requestCount("eth_sendRawTransaction") == 2)
  }

  @Test func somebodyElsePays() async throws {
    var options = DevnetSendOptions()
    options.sponsor = h.sponsor
    options.feeToken = TempoAddress.alphaUSD
    let receipt = try await h.devnet.signAndSend(
      h.transfer(1_000, to: h.payee.address), from: h.payer, options: options)
    #expect(receipt?.feePayer == h.sponsor.address)
    #expect(h.units(h.sponsor, TempoAddress.alphaUSD) == Harness.initial - Harness.fee)
    #expect(h.units(h.payer) == Harness.initial - 1_000)
  }

  @Test func anAccessKeySigns() async throws {
    let w = try AccessScene(h)
    var options = DevnetSendOptions()
    options.keyAuthorization = try w.usual()
    let signer = TempoSigner.secp256k1(w.key).asAccessKey(of: h.payer.address)
    let receipt = try await h.devnet.signAndSend([w.pay(1_000)], from: signer, options: options)
    #expect(receipt?.sender == h.payer.address)
    #expect(try await w.limit() == [3_000_000 - 1_000 - 1_000, 0])
    #expect(h.devnet.accessKey(w.key.address, of: h.payer.address)?.enforcesLimits == true)
    #expect(
      h.devnet.spendable(by: w.key.address, of: h.payer.address) == Amount(units: 3_000_000 - 2_000))
  }

  @Test func countersAreFollowed() async throws {
    let h = try Harness { $0.sealing = .manual }
    for key: UInt256 in [0, 9] {
      var options = DevnetSendOptions()
      options.nonceKey = key
      for _ in 0..<2 {
        let call = try h.transfer(1, to: h.payee.address)
        #expect(try await h.devnet.signAndSend(call, from: h.payer, options: options) == nil)
      }
    }
    // A gap is closed by the block before it.
    h.devnet.mine(2)
    #expect(h.devnet.receipts().filter(\.succeeded).count == 4)
    #expect(h.devnet.nonce(of: h.payer.address) == 2)
  }

  @Test func aRefusalIsThrown() async throws {
    h.devnet.setBalance(.zero, of: h.payer.address)
    let call = try h.transfer(1, to: h.payee.address)
    await #expect {
      try await h.devnet.signAndSend(call, from: h.payer)
    } throws: { error in
      (error as? DevnetRefusal)?.code == -32003
    }
  }

  @Test func whatIsSpentByAllowanceCanBeSeen() async throws {
    let approve = Call(
      to: TempoAddress.pathUSD,
      data: try TIP20Call.approve(spender: h.stranger.address, amount: 77).calldata())
    _ = try await h.devnet.signAndSend(approve, from: h.payer)
    #expect(h.devnet.allowance(of: h.payer.address, spender: h.stranger.address) == 77)
    #expect(h.devnet.tokens.first?.name == "pathUSD")
  }
}
