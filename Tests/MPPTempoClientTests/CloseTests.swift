import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoClient
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@Suite("Close")
struct CloseTests {
  @Test(
    "Unacknowledged payments are not part of the close amount (B9)",
    arguments: [
      TestSeller.Behaviour.loseRequest, .handlerFails,
    ])
  func unacknowledged(behaviour: TestSeller.Behaviour) async throws {
    let fixture = try SessionFixture()
    for _ in 0..<3 { _ = try await fixture.get() }
    fixture.script(behaviour)
    _ = await failure { try await fixture.get() }
    let outcome = try #require(try await fixture.client.close().first)
    #expect(outcome.error == nil)
    #expect(outcome.amount == Amount(units: 30_000))
    #expect(outcome.captured == Amount(units: 30_000))
  }

  @Test("What the server charged for a lost answer is added only after a refusal, within what is out (B4)")
  func lostAnswer() async throws {
    let fixture = try SessionFixture()
    for _ in 0..<2 { _ = try await fixture.get() }
    fixture.script(.loseAnswer)
    _ = await failure { try await fixture.get() }
    _ = try await fixture.get()  // 30 000 again, refused, 40 000: the receipt says 40 000 spent
    let outcome = try #require(try await fixture.client.close().first)
    #expect(outcome.error == nil)
    #expect(
      fixture.seller.state.withLock { $0.vouchers.filter { $0.action == .close }.map(\.amount.units) } == [
        30_000, 40_000,
      ])
    #expect(outcome.captured == Amount(units: 40_000))
  }

  @Test("An expired challenge costs one retry with a fresh one (C28)")
  func expired() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.seller.state.withLock { $0.closeAnswers = [.refuseExpired] }
    #expect(try await fixture.client.close().first?.error == nil)
    let later = try SessionFixture()
    _ = try await later.get()
    later.devnet.clock.advance(seconds: 400)
    #expect(try await later.client.close().first?.error == nil)
  }

  @Test(
    "A close receipt that is not the answer to this close ends nothing (B10, T23); the close is repeated",
    arguments: [
      TestSeller.CloseBehaviour.wrongAmount, .otherChallenge, .noHash, .openingReceipt, .fail, .refuseExpired,
    ])
  func mismatch(behaviour: TestSeller.CloseBehaviour) async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.seller.state.withLock { $0.closeAnswers = [behaviour, behaviour] }
    let outcome = try #require(try await fixture.client.close().first)
    #expect(outcome.error != nil)
    #expect(try await fixture.channel().phase == "closing")
    fixture.seller.state.withLock { $0.closeAnswers = [] }
    let again = try fixture.restarted()
    _ = try await again.client.close()
    #expect(
      try await again.channel().phase == "closed" || behaviour == .wrongAmount || behaviour == .otherChallenge
    )
    again.devnet.clock.advance(seconds: 60)
    again.devnet.mine()
    _ = try await again.client.recover()
    #expect(try await again.channel().phase == "closed")
  }

  @Test("A close that captures more than was delivered, or may have been, is a dispute")
  func capturesTooMuch() async throws {
    var options = TempoSessionOptions()
    options.maximumStep = Amount(units: 30_000)
    for answer in [TestSeller.CloseBehaviour.serve, .captureAll] {
      let fixture = try SessionFixture(options: options)
      fixture.seller.state.withLock { state in
        state.requestEdit = { $0.methodDetails.minVoucherDelta = Amount(units: 30_000) }
        state.closeAnswers = [answer]
      }
      _ = try await fixture.get()
      #expect(fixture.vouchers == [30_000])
      let outcome = try #require(try await fixture.client.close().first)
      #expect(outcome.error == nil)
      #expect(outcome.amount == Amount(units: 10_000))
      #expect(outcome.captured == Amount(units: answer == .serve ? 10_000 : 30_000))
      #expect(outcome.isDisputed == (answer == .captureAll))
      #expect(try await fixture.channel().isDisputed == (answer == .captureAll))
      #expect(try await fixture.channel().settled == outcome.captured)
      #expect(try await fixture.restarted().channel().isDisputed == (answer == .captureAll))
    }
  }

  @Test("A close with nothing to close sends nothing")
  func nothing() async throws {
    let fixture = try SessionFixture()
    #expect(try await fixture.client.close().isEmpty)
    _ = try await fixture.get()
    _ = try await fixture.client.close()
    #expect(try await fixture.client.close().isEmpty)
    #expect(try await fixture.get().status == .ok)
    #expect(try await fixture.client.channels().count == 2)
  }
}

@Suite("Getting deposits back")
struct RecoveryTests {
  @Test("A channel the server lost: close request, grace period, withdrawal")
  func forced() async throws {
    let fixture = try SessionFixture()
    let token = TempoAddress.alphaUSD
    let payer = fixture.devnet.accounts[0].address
    _ = try await fixture.get()
    fixture.seller.state.withLock { $0.closeAnswers = [.gone] }
    #expect(try await fixture.client.close().first?.error?.code == .channelUnusable)
    #expect(try await fixture.channel().phase == "orphaned")
    let requested = try #require(try await fixture.client.recover().last)
    #expect(requested.phase == "closeRequested")
    #expect(requested.withdrawableAt != nil)
    #expect(try await fixture.client.recover().last?.phase == "closeRequested")
    let next = try fixture.restarted()
    next.devnet.clock.advance(seconds: 901)
    let before = try await next.seller.chain.balance(of: payer, token: token)
    #expect(try await next.client.recover().last?.phase == "closed")
    let after = try await next.seller.chain.balance(of: payer, token: token)
    #expect(after > before + 90_000)  // the deposit less a fee
  }

  @Test("With no journal at all: every channel is found on the chain (U8)")
  func chainAlone() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.script(.forget)
    _ = await failure { try await fixture.get() }
    _ = try await fixture.get()
    let lost = try SessionFixture(devnet: fixture.devnet, seller: fixture.seller)
    let found = try await lost.client.recover()
    #expect(found.count == 2)
    #expect(found.allSatisfy { $0.phase == "closeRequested" })
    lost.devnet.clock.advance(seconds: 901)
    #expect(try await lost.client.recover().allSatisfy { $0.phase == "closed" })
    #expect(Set(found.map(\.id)) == Set(try await fixture.client.channels().map(\.id)))
  }

  @Test("recover() leaves usable channels alone, and closes them when asked")
  func scopes() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    #expect(try await fixture.client.recover().last?.phase == "open")
    #expect(try await fixture.get().status == .ok)
    #expect(try await fixture.client.recover(.everything).last?.phase == "closed")
  }

  @Test(
    "The chain fails or hides single calls: nothing is sent twice",
    arguments: ["eth_sendRawTransaction", "eth_getTransactionReceipt", "eth_call", "eth_getBlockByNumber"],
    0..<4)
  func faults(method: String, skip: Int) async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.seller.state.withLock { $0.closeAnswers = [.gone] }
    _ = try await fixture.client.close()
    fixture.devnet.faults.inject(.method(method), .loseReply, skip: skip)
    _ = try? await fixture.client.recover()
    fixture.devnet.faults.clear()
    fixture.devnet.clock.advance(seconds: 901)
    for _ in 0..<3 { _ = try await fixture.client.recover() }
    fixture.devnet.clock.advance(seconds: 901)
    #expect(try await fixture.client.recover().last?.phase == "closed")
  }
}
