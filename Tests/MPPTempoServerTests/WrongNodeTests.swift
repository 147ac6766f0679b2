import EVM
import MPPCore
import MPPTempo
import MPPTesting
import PeerSupport
import Tempo
import TempoDevnet
import Testing

@testable import MPPServer
@testable import MPPTempoServer

/// Tokens of a test network must not pay where challenges name the main one: the node is asked for its chain before it is believed
/// (`04` §15).
@Suite("A node of another chain than the one that challenges name")
struct WrongNodeTests {
  @Test(
    "A pushed charge is not taken, and the node is asked nothing else; put right, it is asked for its chain no more"
  )
  func charge() async throws {
    let devnet = try Harness.chain()
    let gateway = Gateway(devnet)
    let harness = try await ChargeHarness(devnet: devnet) { $0.transport = gateway }
    gateway.bend("eth_chainId") { _ in "0x1" }
    let challenge = try await harness.challenge()
    let credential = harness.credential(challenge, .hash(try await harness.pushed(challenge)))
    let before = devnet.requests().filter { $0.method != "eth_chainId" }.count
    ChargeUnresolvedTests.expectUnresolved(await harness.send(credential))
    #expect(devnet.requests().filter { $0.method != "eth_chainId" }.count == before)
    await #expect(throws: ConfigurationError.self) { try await harness.method.start() }
    gateway.honest()
    try await harness.deliver(await harness.send(credential))
    let asked = devnet.requestCount("eth_chainId")
    for _ in 0..<2 {
      let next = try await harness.challenge()
      try await harness.deliver(
        await harness.send(harness.credential(next, .hash(try await harness.pushed(next)))))
    }
    try await harness.method.start()
    #expect(devnet.requestCount("eth_chainId") == asked)
  }

  @Test("A pulled charge is neither signed nor sent", arguments: [false, true])
  func pull(isSponsored: Bool) async throws {
    let devnet = try Harness.chain()
    let gateway = Gateway(devnet)
    let signer = ScriptedSigner(devnet.sponsor.privateKey)
    let harness = try await ChargeHarness(devnet: devnet) { options in
      options.transport = gateway
      if isSponsored { options.feePayer = FeePayerOptions(signer: signer) }
    }
    gateway.bend("eth_chainId") { _ in "0x1" }
    let challenge = try await harness.challenge()
    let signed = isSponsored ? try await harness.handedOver(challenge) : try await harness.signed(challenge)
    let credential = harness.credential(challenge, .transaction(signed.serialized))
    let sent = devnet.requestCount("eth_sendRawTransaction")
    #expect(Harness.problem(await harness.send(credential))?.status == 503)
    #expect(devnet.requestCount("eth_sendRawTransaction") == sent)
    #expect(signer.count == 0)
    gateway.honest()
    try await harness.deliver(await harness.send(credential))
  }

  @Test("No channel is opened, and the server does not start; it is shut down")
  func session() async throws {
    let devnet = try Harness.chain()
    let gateway = Gateway(devnet)
    let harness = try await Harness(devnet: devnet, options: { $0.transport = gateway })
    gateway.bend("eth_chainId") { _ in "0x1" }
    let channel = try await harness.payer.open(deposit: 9_000, payee: harness.payee)
    #expect(Harness.problem(try await harness.get(channel.openPayload(1_000)))?.status == 503)
    let events = harness.server.events.subscribe().events
    do {
      try await harness.server.run()
      Issue.record("started")
    } catch let error as ConfigurationError {
      #expect(error.code == .chain)
    }
    // Ends with the shutdown.
    for await _ in events {}
  }

  @Test("A ledger of another chain starts no server, and none of its channels is booked as lost")
  func ledger() async throws {
    let store = MemoryStore()
    let harness = try await Harness(store: store)
    let channel = try await harness.opened(deposit: 9_000)
    let before = try await harness.record(channel)
    var configuration = DevnetConfiguration()
    configuration.chainID = 1_337
    let other = try Devnet(configuration: configuration)
    other.mine(1_000)
    let elsewhere = try await Harness(devnet: other, store: store)
    // A ledger from before chains were written down; then one that knows its chain.
    for _ in 0..<2 {
      do {
        try await elsewhere.method.start()
        Issue.record("started")
      } catch let error as ConfigurationError {
        #expect(error.code == .chain)
      }
      try await harness.method.start()
    }
    let again = try await Harness(devnet: harness.devnet, store: store, seed: 2)
    #expect(try await again.record(channel) == before)
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    await again.method.settlements.sweepForcedCloses()
    #expect(try await again.record(channel).settled.units == 1_000)
  }

  @Test("Charges and channels may be on chains of their own; each starts again on its own alone")
  func charges() async throws {
    let store = MemoryStore()
    let harness = try await ChargeHarness(store: FaultStore(store))
    try await harness.method.start()
    try await harness.method.start()
    var configuration = DevnetConfiguration()
    configuration.chainID = 1_337
    let other = try Devnet(configuration: configuration)
    let elsewhere = try await ChargeHarness(devnet: other, store: FaultStore(store))
    await #expect(throws: ConfigurationError.self) { try await elsewhere.method.start() }
    try await Harness(devnet: other, store: store).method.start()
  }

  @Test("A node that does not answer keeps no server from starting")
  func down() async throws {
    let harness = try await ChargeHarness()
    let rule = harness.devnet.faults.inject(.method("eth_*"), .refuse, count: nil)
    try await harness.method.start()
    harness.devnet.faults.remove(rule)
    let challenge = try await harness.challenge()
    try await harness.deliver(
      await harness.send(harness.credential(challenge, .hash(try await harness.pushed(challenge)))))
  }
}
