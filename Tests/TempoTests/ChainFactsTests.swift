import EVM
import Tempo
import Testing

@Suite struct ChainFactsTests {
  @Test func everyAddressConstantParses() {
    let addresses = [
      TempoAddress.channelReserve, TempoAddress.feeManager, TempoAddress.dex, TempoAddress.keychain,
      TempoAddress.nonceManager, TempoAddress.signatureVerifier, TempoAddress.tip20Factory,
      TempoAddress.tip403Registry, TempoAddress.addressRegistry, TempoAddress.receivePolicyGuard,
      TempoAddress.storageCredits, TempoAddress.validatorConfig, TempoAddress.validatorConfigV2,
      TempoAddress.accountImplementation, TempoAddress.accountRegistrar, TempoAddress.zoneOutbox,
      TempoAddress.multicall3, TempoAddress.legacyEscrowMainnet, TempoAddress.legacyEscrowModerato,
      TempoAddress.machineRouter, TempoAddress.pathUSD, TempoAddress.alphaUSD, TempoAddress.betaUSD,
      TempoAddress.thetaUSD, TempoAddress.usdcE, TempoAddress.machineToken,
    ]
    #expect(!addresses.contains(.zero))
    #expect(Set(addresses).count == addresses.count)
  }

  @Test func tip20IsAPrefix() {
    #expect(TempoAddress.isTIP20(TempoAddress.usdcE))
    #expect(TempoAddress.isTIP20(TempoAddress.pathUSD))
    #expect(!TempoAddress.isTIP20(TempoAddress.tip20Factory))
    #expect(!TempoAddress.isTIP20(.zero))
  }

  @Test func feesRoundUpAndDoNotOverflow() throws {
    #expect(try Fees.tokenUnits(gas: 50_000, price: 20_000_000_000) == 1_000)
    #expect(try Fees.tokenUnits(gas: 1, price: 1) == 1)
    #expect(try Fees.tokenUnits(gas: 0, price: .max) == 0)
    #expect(throws: TempoError.amountOutOfRange) { try Fees.tokenUnits(gas: 2, price: .max) }
    #expect(Fees.effectivePrice(baseFee: 10, maxFee: 12, maxPriority: 5) == 12)
    #expect(Fees.effectivePrice(baseFee: 10, maxFee: 30, maxPriority: 5) == 15)
    #expect(Fees.effectivePrice(baseFee: .max, maxFee: 30, maxPriority: 5) == 30)
  }

  @Test func theRandomStartOfValidityIsInThePastAndNotZero() {
    #expect(ExpiringNonce.validAfter(now: 60, random: 5) == nil)
    #expect(ExpiringNonce.validAfter(now: 61, random: .max) == 1)
    for random in [UInt64(0), 1, 939, 940, .max] {
      let start = ExpiringNonce.validAfter(now: 1000, random: random) ?? 0
      #expect((1...940).contains(start))
    }
    #expect(ExpiringNonce.validBefore(now: 100) == 125)
    #expect(ExpiringNonce.validBefore(now: .max) == .max)
  }

  @Test func theSimulationSentinelIsItsText() {
    #expect(ChannelReserveABI.simulatedNonceHash.bytes == Array("TEMPO_RPC_SIMULATION_MPP_CONTEXT".utf8))
  }

  @Test func aSignerThatAnswersNonsenseIsRefused() async throws {
    struct Nonsense: Signer {
      let address = TempoAddress.pathUSD
      func sign(_ digest: Hash32) async throws -> [UInt8] { [UInt8](repeating: 0, count: 65) }
    }
    let transaction = try Samples.transaction()
    await #expect(throws: TempoError.self) { try await transaction.signed(by: Nonsense()) }
    let local = LocalSigner(key: try Samples.key(1))
    let signed = try await transaction.signed(by: local)
    #expect(try signed.recoverSender() == local.address)
  }

  @Test func aTransactionWithAnAccessKeySendsFromTheAccount() throws {
    let transaction = try Samples.transaction()
    let account = try Samples.key(1).address
    let accessKey = try Samples.key(3)
    let inner = KeychainSignature.innerDigest(transaction.signingHash(), account: account)
    let signature = PrimitiveSignature.secp256k1(accessKey.sign(inner))
    let signed = try transaction.signed(.keychain(KeychainSignature(account: account, inner: signature)))
    let parsed = try SignedTempoTransaction(parsing: signed.serialized)
    #expect(try parsed.recover().account == account)
    #expect(try parsed.recover().accessKey == accessKey.address)
    #expect(
      try parsed.expiringNonceHash() == transaction.expiringNonceHash(sender: account))
  }
}
