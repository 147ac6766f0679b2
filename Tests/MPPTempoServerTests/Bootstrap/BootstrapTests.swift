import EVM
import HTTPTypes
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import Testing

@testable import MPPTempoServer

/// `04` §16: a payer proves its account with `HEAD`, and is told the state of its channel.
@Suite struct BootstrapTests {
  private static func harness(
    store: (any LedgerStore)? = nil, devnet: Devnet? = nil,
    _ bootstrap: SessionBootstrap = .newestChannel, offer: (inout Offer) -> Void = { _ in }
  ) async throws -> Harness {
    try await Harness(devnet: devnet, store: store, offer: offer) { $0.bootstrap = bootstrap }
  }

  @Test func headIsAskedForAProofOfAnAccount() async throws {
    let harness = try await Self.harness()
    let (response, challenge) = try await harness.asked()
    #expect(response.status == 402)
    #expect(response.body.isEmpty)
    #expect(response.headers[.contentType] == nil)
    #expect(response.headers[.cacheControl] == "no-store")
    #expect(challenge.method == "tempo")
    #expect(challenge.intent == "charge")
    #expect(challenge.request.value()["amount"]?.stringValue == "0")
    #expect(challenge.request.value()["recipient"]?.stringValue == harness.payee.checksummed)
    #expect(challenge.request.value()["methodDetails"] == ["chainId": 42_431])
  }

  @Test func withoutTheOptionHeadIsAskedForTheSession() async throws {
    let harness = try await Self.harness(.off)
    #expect(try await harness.asked().challenge.intent == "session")
  }

  @Test func otherMethodsAreAskedForTheSession() async throws {
    let harness = try await Self.harness()
    for method in [HTTPRequest.Method.get, .post, .put, .options] {
      let response = try #require(await harness.send(method: method).response)
      let header = try #require(response.headers[.wwwAuthenticate])
      #expect(try Challenge.parse(header: header).challenges.map(\.intent) == ["session"], "\(method)")
    }
  }

  @Test func aProvenPayerWithoutAChannelGetsABareAnswer() async throws {
    let harness = try await Self.harness()
    #expect(try await harness.snapshot(try await harness.proof(of: harness.payer.account)) == nil)
  }

  @Test func aProvenPayerIsToldTheStateOfItsChannel() async throws {
    let harness = try await Self.harness()
    let channel = try await harness.opened(deposit: 10_000)
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    _ = try await harness.post(channel.voucher(5_000))
    let found = try await harness.snapshot(try await harness.proof(of: harness.payer.account))
    let snapshot = try #require(found)
    #expect(snapshot.channelID == channel.id)
    #expect(snapshot.descriptor == channel.descriptor)
    #expect(snapshot.acceptedCumulative == Amount(units: 5_000))
    #expect(snapshot.highestVoucher?.cumulativeAmount == Amount(units: 5_000))
    #expect(snapshot.highestVoucher?.signature == (try channel.signature(5_000)))
    #expect(snapshot.spent == Amount(units: 2_000))
    // Nothing is asked for yet.
    #expect(snapshot.requiredCumulative == Amount(units: 2_000))
    #expect(snapshot.deposit == Amount(units: 10_000))
    // It authorises nothing: the channel is as it was.
    #expect(try await harness.record(channel).spent == Amount(units: 2_000))
  }

  @Test func theNewestChannelIsFoundAlsoAfterARestart() async throws {
    let (devnet, store) = (try Harness.chain(), MemoryStore())
    let first = try await Self.harness(store: store, devnet: devnet)
    _ = try await first.opened()
    let newest = try await first.opened()
    try await first.server.ledger.flush()
    let second = try await Self.harness(store: store, devnet: devnet)
    let found = try await second.snapshot(try await second.proof(of: second.payer.account))
    #expect(found?.channelID == newest.id)
  }

  /// The server dies over an open, and so may its payer: the next run of the server finishes the open.
  @Test func aChannelWhoseOpenIsFinishedAfterARestartIsFound() async throws {
    var recovered = 0
    for number in 1...6 {
      let (devnet, store) = (try Harness.chain(), MemoryStore())
      let first = try await Self.harness(store: store, devnet: devnet)
      let channel = try await first.payer.open(deposit: 100_000, payee: first.payee)
      first.store.failCommit(first.store.commitCount + number, .before)
      _ = try await first.get(channel.openPayload(1_000))
      try? await first.server.ledger.flush()
      let second = try await Self.harness(store: store, devnet: devnet)
      guard try await second.channels.load(channel.id) == nil else { continue }
      try await second.method.reconcile()
      guard try await second.channels.load(channel.id) != nil else { continue }
      recovered += 1
      let found = try await second.snapshot(try await second.proof(of: second.payer.account))
      #expect(found?.channelID == channel.id, "commit \(number)")
    }
    #expect(recovered > 0)
  }

  @Test func aProofIsUsedOnce() async throws {
    let calls = Mutex(0)
    let harness = try await Self.harness(
      .channel { _, _ in
        calls.withLock { $0 += 1 }
        return nil
      })
    let credential = try await harness.proof(of: harness.payer.account)
    #expect(try await harness.snapshot(credential) == nil)
    for _ in 0..<3 {
      let outcome = await harness.send(credential, method: .head)
      expectRefusal(
        outcome, .verificationFailed, "Payment verification failed: Proof credential has already been used.")
      #expect(outcome.response?.status == 402)
    }
    #expect(calls.withLock { $0 } == 1)
  }

  @Test func oneOfManyAtOnceIsAnswered() async throws {
    let harness = try await Self.harness()
    _ = try await harness.opened()
    let credential = try await harness.proof(of: harness.payer.account)
    let answered = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<50 {
        group.addTask {
          if case .management = await harness.send(credential, method: .head) { true } else { false }
        }
      }
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(answered == 1)
  }

  @Test func theHookSeesTheVerifiedPayerAndTheRequest() async throws {
    let seen = Mutex<[(Address, String)]>([])
    let channel = Mutex<Hash32?>(nil)
    let harness = try await Self.harness(
      .channel { payer, request in
        seen.withLock { $0.append((payer, request.path)) }
        return channel.withLock { $0 }
      })
    let open = try await harness.opened()
    channel.withLock { $0 = open.id }
    let found = try await harness.snapshot(try await harness.proof(of: harness.payer.account))
    #expect(found?.channelID == open.id)
    #expect(seen.withLock { $0.map(\.0) } == [harness.payer.account.address])
    #expect(seen.withLock { $0.map(\.1) } == ["/r"])
  }

  @Test func theChannelOfAnOfferComesFirst() async throws {
    let (devnet, store) = (try Harness.chain(), MemoryStore())
    let first = try await Self.harness(store: store, devnet: devnet)
    let older = try await first.opened()
    _ = try await first.opened()
    try await first.server.ledger.flush()
    let harness = try await Self.harness(store: store, devnet: devnet) {
      $0.options = [.init(key: "channelId", value: .string(older.id.hex))]
    }
    let found = try await harness.snapshot(try await harness.proof(of: harness.payer.account))
    #expect(found?.channelID == older.id)
  }

  @Test func aVoucherMayStillComeWithHead() async throws {
    let harness = try await Self.harness()
    let channel = try await harness.opened()
    let outcome = await harness.send(try await harness.credential(channel.voucher(3_000)), method: .head)
    guard case .management(let response) = outcome else {
      Issue.record("\(Harness.text(outcome))")
      return
    }
    #expect(response.headers[ProtocolHeaders.paymentReceipt] != nil)
    #expect(try await harness.record(channel).accepted == Amount(units: 3_000))
  }

  @Test func aMalformedCredentialIsAskedAgain() async throws {
    let harness = try await Self.harness()
    for credential in ["Payment !", "Payment", "Bearer x", "Payment e30"] {
      let (response, challenge) = try await harness.asked(credential)
      #expect(response.status == 402, "\(credential)")
      #expect(response.body.isEmpty, "\(credential)")
      #expect(challenge.intent == "charge", "\(credential)")
    }
  }

  @Test func lookingAtAProofDoesNotUseItUp() async throws {
    let harness = try await Self.harness()
    let credential = try await harness.proof(of: harness.payer.account)
    let request = PaymentRequest(method: .head, target: "/r", headers: [.authorization: credential])
    for _ in 0..<2 {
      let valid = try await harness.server.validate(request, for: harness.route)
      #expect(valid.purpose == .management)
    }
    #expect(try await harness.snapshot(credential) == nil)
    await #expect(throws: PaymentProblem.self) {
      _ = try await harness.server.validate(request, for: harness.route)
    }
  }

  @Test func whatIsKeptOfAPayerIsReadBackAndChecked() throws {
    let record = PayerChannel(try Hash32([UInt8](repeating: 7, count: 32)))
    let bytes = try record.encoded()
    #expect(try PayerChannel(decoding: bytes) == record)
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 1
      #expect(throws: (any Error).self) { try PayerChannel(decoding: damaged) }
    }
    #expect(throws: (any Error).self) { try PayerChannel(decoding: bytes.dropLast()) }
  }
}
