import EVM
import MPPCore
import MPPTempo
import MPPTesting
import PeerSupport
import Tempo
import TempoDevnet
import TempoRPC
import Testing

/// 09 C3: one table of signatures, two verifiers that share no rule: ours, and the embedded chain's.
@Suite("Differential signatures", .timeLimit(.minutes(3)))
struct DifferentialSignatureTests {
  private let devnet: Devnet
  private let payer: Payer
  private let payee: Payer
  private let domain: VoucherDomain
  private let keys: SignatureTable.Keys

  init() throws {
    devnet = try Devnet(configuration: DevnetConfiguration())
    payer = Payer(devnet, devnet.accounts[1], seed: 1)
    payee = Payer(devnet, devnet.accounts[2], seed: 2)
    domain = VoucherDomain(chainID: devnet.chainID)
    keys = try SignatureTable.Keys()
  }

  private var client: ChainClient { payer.planner.client }

  // MARK: - Vouchers

  @Test("A voucher's signature passes here exactly when the reserve settles it, but for v 0 and 1")
  func vouchers() async throws {
    let primitives = try SignatureTable.primitives(keys)
    let wrapped = WrappedSignatures.entries(payer.account.address, primitives)
    var channels: [Address: OpenChannel] = [:]
    var passed = 0
    // A wrapper is never a voucher's signature.
    let entries =
      primitives.map { ($0, $0.verdict == .valid, $0.verdict != .invalid) }
      + wrapped.map { ($0, false, false) }
    for (entry, expected, onChain) in entries {
      if channels[entry.signer] == nil { channels[entry.signer] = try await opened(for: entry.signer) }
      let channel = try #require(channels[entry.signer])
      let digest = try voucherDigest(channel)
      let signature = try entry.make(try voucherDigest(channel, entry.domain))
      let ours = isAccepted(signature, digest, entry.signer)
      let settles = try await isSettled(channel, signature)
      let verifies = try await isVerified(signature, digest, entry.signer)
      #expect(settles == onChain, "\(entry.name): we say \(ours), the reserve \(settles)")
      #expect(verifies == onChain, "\(entry.name): we say \(ours), the verifier \(verifies)")
      #expect(ours == expected, "\(entry.name) is \(ours)")
      passed += ours ? 1 : 0
    }
    print("differential vouchers: \(entries.count) signatures, \(passed) valid")
    #expect(passed == primitives.filter { $0.verdict == .valid }.count)
  }

  private let amount: UInt128 = 20_000

  private func opened(for signer: Address) async throws -> OpenChannel {
    let channel = try await payer.open(
      deposit: 1_000_000, payee: payee.account.address, authorizedSigner: signer)
    let receipt = try await client.sendRawTransactionSync(channel.transaction.serialized)
    try #require(receipt.succeeded)
    return channel
  }

  private func voucherDigest(
    _ channel: OpenChannel, _ domain: SignatureTable.Domain = .right
  ) throws -> Hash32 {
    let voucher = try Voucher(
      channelID: domain == .otherChannel ? Keccak256.hash(channel.id.bytes) : channel.id,
      cumulativeAmount: domain == .otherAmount ? amount + 1 : amount)
    return switch domain {
    case .otherChain: voucher.digest(domain: VoucherDomain(chainID: 4217))
    case .otherContract:
      voucher.digest(domain: VoucherDomain(chainID: devnet.chainID, escrow: TempoAddress.pathUSD))
    case .right, .otherAmount, .otherChannel: voucher.digest(domain: self.domain)
    }
  }

  private func isAccepted(_ signature: [UInt8], _ digest: Hash32, _ signer: Address) -> Bool {
    do {
      try VoucherVerifier.verify(signature: signature, digest: digest, signer: signer)
      return true
    } catch {
      return false
    }
  }

  /// The reserve's word; the chain is put back afterwards.
  private func isSettled(_ channel: OpenChannel, _ signature: [UInt8]) async throws -> Bool {
    let snapshot = try #require(devnet.snapshot())
    defer { devnet.revert(to: snapshot) }
    let calldata = try ChannelReserveABI.settleCalldata(
      channel.descriptor, cumulativeAmount: amount, signature: signature)
    do {
      let signed = try await payee.signed([Call(to: channel.escrow, data: calldata)])
      return try await client.sendRawTransactionSync(signed.serialized).succeeded
    } catch let error as ChainError where error.code == .reverted {
      return false
    }
  }

  /// The word of the signature verifier (TIP-1020).
  private func isVerified(_ signature: [UInt8], _ digest: Hash32, _ signer: Address) async throws -> Bool {
    let data = try SignatureVerifierABI.verify.encode([
      .address(signer), .fixedBytes(digest.bytes), .bytes(signature),
    ])
    do {
      let answer = try await client.call(to: TempoAddress.signatureVerifier, data: data)
      return try SignatureVerifierABI.verify.decodeReturn(answer) == [.bool(true)]
    } catch let error as ChainError where error.code == .reverted {
      return false
    }
  }

  // MARK: - Transactions

  @Test("A sender's signature passes here exactly when the chain takes the transaction")
  func transactions() async throws {
    let primitives = try SignatureTable.primitives(keys)
    let account = payer.account.address
    for signer in Set(primitives.map(\.signer)) {
      #expect(devnet.setBalance(Amount(units: 1_000_000_000), of: signer))
    }
    try await authorizeKeys()
    var passed = 0
    let entries = primitives + WrappedSignatures.entries(account, primitives)
    for entry in entries where entry.domain != .otherChannel {
      let transaction = try transaction()
      let signature = try entry.make(changed(transaction, entry.domain).signingHash())
      let items = try RLP.decode(transaction.signingPayload.dropFirst()).list()
      let raw = [TempoTransaction.type] + RLP.encode(.list(items + [.bytes(signature)]))
      let ours = isSender(entry.signer, raw)
      let chain = try await isMined(raw, from: entry.signer)
      #expect(ours == chain, "\(entry.name): we say \(ours), the chain \(chain)")
      #expect(ours == (entry.verdict != .invalid), "\(entry.name) is \(ours)")
      passed += ours ? 1 : 0
    }
    print("differential transactions: \(entries.count) signatures, \(passed) valid")
    #expect(passed == entries.filter { $0.verdict != .invalid }.count)
  }

  /// Registers the keys of the table as access keys of the payer.
  private func authorizeKeys() async throws {
    for (address, type) in keys.all {
      let restrictions = ABIValue.tuple([
        .uint(UInt256(UInt64.max)), .bool(false), .array([]), .bool(true), .array([]),
      ])
      let data = try AccountKeychainABI.authorizeKey.encode([
        .address(address), .uint(UInt256(UInt64(type.rawValue))), restrictions,
      ])
      let signed = try await payer.signed([Call(to: TempoAddress.keychain, data: data)])
      try #require(try await client.sendRawTransactionSync(signed.serialized).succeeded)
    }
  }

  private func transaction() throws -> TempoTransaction {
    let now = UInt64(devnet.clock.now.seconds)
    let transfer = TIP20Call.transfer(to: payee.account.address, amount: 1)
    return TempoTransaction(
      chainID: devnet.chainID, maxFeePerGas: 24_000_000_000, gas: 200_000,
      calls: [Call(to: TempoAddress.pathUSD, data: try transfer.calldata())],
      nonceKey: ExpiringNonce.key, validBefore: now + 25, feeToken: TempoAddress.pathUSD)
  }

  private func changed(_ transaction: TempoTransaction, _ domain: SignatureTable.Domain) -> TempoTransaction {
    var copy = transaction
    switch domain {
    case .right, .otherChannel: break
    case .otherChain: copy.chainID = 4217
    case .otherContract: copy.calls[0].to = TempoAddress.alphaUSD
    case .otherAmount: copy.gas += 1
    }
    return copy
  }

  private func isSender(_ account: Address, _ raw: [UInt8]) -> Bool {
    do {
      let sender = try SignedTempoTransaction(parsing: raw).recover()
      // A key that is not the account's: here as unknown as on the chain.
      let isKnown = sender.accessKey.map { key in keys.all.contains { $0.address == key } } ?? true
      return sender.account == account && isKnown
    } catch {
      return false
    }
  }

  private func isMined(_ raw: [UInt8], from account: Address) async throws -> Bool {
    let snapshot = try #require(devnet.snapshot())
    defer { devnet.revert(to: snapshot) }
    // Not through our client: it would not know the hash under which the chain has a normalised `v`.
    let request: JSONValue = [
      "jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": [.string(Hex.encode(raw))],
    ]
    let answer = try JSONValue(parsing: await devnet.handle(Array(request.serialized().utf8)))
    guard let hash = answer["result"]?.stringValue else { return false }
    if let ours = try? SignedTempoTransaction(parsing: raw) { #expect(ours.hash.hex == hash) }
    let receipt = devnet.receipt(try Hash32(hex: hash))
    return receipt?.succeeded == true && receipt?.sender == account
  }
}
