import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §6, steps 4, 6, 11 and the pool: bounds, and what may wait.
@Suite struct AdmissionLimits {
  let h: Harness
  init() throws { h = try Harness() }

  private func payment() throws -> Call { try h.transfer(1, to: h.payee.address) }

  /// Signed by the payer over the given items, whatever they are.
  private func signed(_ items: [RLPItem], envelope: ((Hash32) -> [UInt8])? = nil) -> [UInt8] {
    let digest = Keccak256.hash([0x76] + RLP.encode(.list(items)))
    let signature = envelope?(digest) ?? h.payer.privateKey.sign(digest).bytes65
    return [0x76] + RLP.encode(.list(items + [.bytes(signature)]))
  }

  @Test func boundsOfATransaction() async throws {
    let call = try payment()
    let hand = HandWritten(h)
    let long = Call(to: h.payee.address, data: [UInt8](repeating: 0, count: 131_073))
    #expect(
      try await h.refusal(hand.raw(calls: [long]))?.message
        == "Call input size 131073 exceeds maximum allowed 131072 bytes (call index: 0)")
    let entry = RLPItem.list([.address(h.payee.address), .list([])])
    let keys = RLPItem.list([
      .address(h.payee.address), .list(Array(repeating: .bytes(Hash32.zero.bytes), count: 257)),
    ])
    let fullEntry = RLPItem.list([
      .address(h.payee.address), .list(Array(repeating: .bytes(Hash32.zero.bytes), count: 256)),
    ])
    let lists: [([RLPItem], String)] = [
      (Array(repeating: entry, count: 257), "access list accounts: 257 exceeds maximum allowed 256"),
      ([entry, keys], "storage keys in access list entry 1: 257 exceeds maximum allowed 256"),
      (
        Array(repeating: fullEntry, count: 9),
        "total storage keys in access list: 2304 exceeds maximum allowed 2048"
      ),
    ]
    for (list, complaint) in lists {
      var items = hand.items([call])
      items[5] = .list(list)
      #expect(try await h.refusal(signed(items))?.message == "Too many \(complaint)")
    }
    let delegation = RLPItem.list([RLP.uint(1337 as UInt64), .address(h.payee.address), .empty, .bytes([])])
    var items = hand.items([call])
    items[12] = .list(Array(repeating: delegation, count: 17))
    #expect(
      try await h.refusal(signed(items))?.message
        == "Too many authorizations in AA transaction: 17 exceeds maximum allowed 16")
  }

  @Test func signaturesOfOtherKinds() async throws {
    let items = HandWritten(h).items([try payment()])
    let key = h.payer.privateKey
    let account = h.payer.address.bytes
    let envelopes: [(Hash32) -> [UInt8]] = [
      { [5] + key.sign($0).bytes65 },  // native multisig
      { [4] + account + [4] + account + key.sign($0).bytes65 },  // a wrapper in a wrapper
      { [4] + account + key.sign($0).bytes65.dropLast() }, { _ in [4] }, { _ in [] },
      { [1] + key.sign($0).bytes65 }, { key.sign($0).bytes65.dropLast() },
      { key.sign($0).bytes65 + [UInt8](repeating: 0x77, count: 32) },
    ]
    for envelope in envelopes {
      #expect(
        try await h.refusal(signed(items, envelope: envelope))?.message == "invalid transaction signature")
    }
  }

  @Test func legacyTransactionsNameTheirChain() async throws {
    let call = try payment()
    func raw(protected: Bool) -> [UInt8] {
      var items: [RLPItem] = [
        .empty, RLP.uint(20_000_000_000 as UInt64), RLP.uint(60_000 as UInt64),
        .bytes(call.to?.bytes ?? []), .empty, .bytes(call.data),
      ]
      let suffix: [RLPItem] = protected ? [RLP.uint(1337 as UInt64), .empty, .empty] : []
      let signature = h.payer.privateKey.sign(Keccak256.hash(RLP.encode(.list(items + suffix))))
      let v = UInt64(signature.yParity) + (protected ? 2 * 1337 + 35 : 27)
      items += [RLP.uint(v), RLP.uint(UInt256(signature.r)), RLP.uint(UInt256(signature.s))]
      return RLP.encode(.list(items))
    }
    #expect(try await h.refusal(raw(protected: false))?.message == "invalid chain ID")
    let receipt = try await h.send(raw(protected: true))
    #expect(receipt.sender == h.payer.address)
    #expect(receipt.logs == [try h.transferLog(h.payer.address, h.payee.address, 1), try h.feeLog(h.payer)])
    let shown = try await h.rpc("eth_getTransactionByHash", .string(receipt.hash.hex))
    #expect(shown["type"] == "0x0")
    #expect(shown["to"]?.stringValue == TempoAddress.pathUSD.hex)
  }

  @Test func aFullReplaySetRefusesUntilAnEntryExpires() async throws {
    let h = try Harness { $0.maximumExpiringNonces = 2 }
    func raw(_ ahead: UInt64) throws -> [UInt8] {
      try h.raw([h.transfer(1, to: h.payee.address)], from: h.payer) { $0.validBefore = h.now + ahead }
    }
    try await h.send(raw(10))
    try await h.send(raw(20))
    #expect(try await h.refusal(raw(20))?.message.contains("ExpiringNonceSetFull") == true)
    h.devnet.clock.advance(seconds: 10)
    #expect(try await h.refusal(raw(20)) == nil)
    #expect(try await h.refusal(raw(20))?.message.contains("ExpiringNonceSetFull") == true)
  }

  @Test func gapsAndLateBeginningsWaitWhereBlocksAreMadeLater() async throws {
    let h = try Harness { $0.sealing = .manual }
    let call = try h.transfer(1, to: h.payee.address)
    func counted(_ nonce: UInt64) throws -> [UInt8] {
      try h.raw([call], from: h.payer) {
        $0.nonceKey = 0
        $0.nonce = nonce
        $0.validBefore = nil
        $0.validAfter = nil
      }
    }
    #expect(try await h.refusal(counted(1)) == nil)
    let later = try h.raw([call], from: h.payer) { $0.validAfter = h.now + 10 }
    #expect(try await h.refusal(later) == nil)
    h.devnet.mine()
    #expect(h.devnet.pendingTransactions.count == 2)
    #expect(try await h.refusal(counted(0)) == nil)
    h.devnet.mine(2)
    #expect(h.devnet.nonce(of: h.payer.address) == 2)
    h.devnet.clock.advance(seconds: 10)
    h.devnet.mine()
    #expect(h.devnet.pendingTransactions.isEmpty)
    #expect(h.devnet.receipts().count == 3)
  }

  @Test func whatFailsWhenItIsSealedLeavesNoTrace() async throws {
    let h = try Harness { $0.sealing = .manual }
    let raw = try h.raw([h.transfer(1, to: h.payee.address)], from: h.payer)
    let hash = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(raw)))
    h.devnet.setBalance(.zero, of: h.payer.address)
    h.devnet.mine()
    #expect(try await h.rpc("eth_getTransactionReceipt", hash) == .null)
    #expect(h.devnet.pendingTransactions.isEmpty)
    #expect(h.units(h.payee) == Harness.initial)
    // Its replay hash was not taken.
    h.devnet.setBalance(Amount(units: 10_000), of: h.payer.address)
    #expect(try await h.refusal(raw) == nil)
  }

  @Test func theOrderOfTheLaterChecks() async throws {
    // Everything is wrong; each correction uncovers the next complaint.
    let w = try AccessScene(h)
    h.devnet.setBalance(.zero, of: h.payer.address)
    let foreign = try w.authorization(signedBy: h.stranger.privateKey)
    func raw(
      validBefore: UInt64, nonce: UInt64, token: Address?, with grant: SignedKeyAuthorization?
    ) throws -> [UInt8] {
      let transaction = h.transaction([try payment()]) {
        $0.validBefore = validBefore
        $0.nonceKey = 3
        $0.nonce = nonce
        $0.feeToken = token
        $0.keyAuthorization = grant
      }
      let digest = KeychainSignature.innerDigest(transaction.signingHash(), account: h.payer.address)
      return try transaction.signed(
        .keychain(
          KeychainSignature(account: h.payer.address, inner: .secp256k1(h.stranger.privateKey.sign(digest))))
      ).serialized
    }
    let reserve = TempoAddress.channelReserve
    let late = Harness.t0 - 1
    let good = Harness.t0 + 25
    let complaints = [
      try await h.refusal(raw(validBefore: late, nonce: 1, token: reserve, with: foreign)),
      try await h.refusal(raw(validBefore: good, nonce: 1, token: reserve, with: foreign)),
      try await h.refusal(raw(validBefore: good, nonce: 0, token: reserve, with: foreign)),
      try await h.refusal(raw(validBefore: good, nonce: 0, token: nil, with: foreign)),
    ].map { $0?.message ?? "" }
    #expect(complaints[0].contains("transaction expired"))
    // A gap could close by itself, so the lasting faults are told first … of those that follow, none is looked at.
    #expect(complaints[1].contains("nonce too high"))
    #expect(complaints[2].contains("is not a TIP-20 token"))
    #expect(complaints[3].contains("KeyNotFound"))
    try await h.send(w.authorizeKey(h.stranger.address), from: h.devnet.accounts[1]) {
      $0.feeToken = TempoAddress.alphaUSD
    }
    let known = try await h.refusal(raw(validBefore: good, nonce: 0, token: nil, with: foreign))
    #expect(known?.message.contains("access keys cannot authorize other keys") == true)
    let poor = try await h.refusal(raw(validBefore: good, nonce: 0, token: nil, with: nil))
    #expect(poor?.message.contains("insufficient funds") == true)
  }
}
