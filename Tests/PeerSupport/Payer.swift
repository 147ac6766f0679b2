package import EVM
package import MPPCore
package import MPPTempo
package import MPPTesting
package import Tempo
package import TempoDevnet
package import TempoRPC
package import Testing

/// The paying side, made by hand: it signs whatever a test wants.
package struct Payer: Sendable {
  package let devnet: Devnet
  package let account: DevnetAccount
  package let random: SeededRandom
  package let planner: TransactionPlanner

  package init(_ devnet: Devnet, _ account: DevnetAccount, seed: UInt64) {
    self.devnet = devnet
    self.account = account
    random = SeededRandom(seed: seed &+ 1_000)
    planner = TransactionPlanner(
      client: ChainClient(transport: DevnetTransport(devnet), clock: devnet.clock, random: random),
      chainID: devnet.chainID, random: random)
  }

  package var source: String { "did:pkh:eip155:\(devnet.chainID):\(account.address.checksummed)" }

  package func signed(_ calls: [Call]) async throws -> SignedTempoTransaction {
    let transaction = try await planner.plan(
      calls: calls, from: account.address, feeToken: TempoAddress.pathUSD)
    return try sign(transaction)
  }

  /// Signed for a sponsor: as `0x78` with the sender's name, or as `0x76` with the marker.
  package func handedOver(
    _ calls: [Call], isEnvelope: Bool = true, change: (inout TempoTransaction) throws -> Void = { _ in }
  ) async throws -> SignedTempoTransaction {
    var transaction = try await planner.plan(calls: calls, from: account.address, feeToken: nil)
    transaction.feePayer = .awaitingFeePayer
    try change(&transaction)
    let signed = try sign(transaction)
    return isEnvelope ? try signed.handOff(sender: account.address) : signed
  }

  /// A channel whose open transaction waits for a sponsor.
  package func sponsoredOpen(
    deposit: UInt128, payee: Address, isEnvelope: Bool = true,
    change: (inout TempoTransaction) throws -> Void = { _ in }
  ) async throws -> OpenChannel {
    let salt = try Hash32(random.fill(32))
    let calldata = try ChannelReserveABI.openCalldata(
      payee: payee, operator: .zero, token: TempoAddress.pathUSD, deposit: deposit, salt: salt,
      authorizedSigner: .zero)
    let call = Call(to: TempoAddress.channelReserve, data: calldata)
    return try channel(
      try await handedOver([call], isEnvelope: isEnvelope, change: change), payee, .zero,
      TempoAddress.pathUSD, salt, .zero)
  }

  package func sponsoredTopUp(
    _ channel: OpenChannel, _ amount: UInt128, isEnvelope: Bool = true
  ) async throws -> SessionPayload {
    let calldata = try ChannelReserveABI.topUpCalldata(channel.descriptor, additionalDeposit: amount)
    let transaction = try await handedOver(
      [Call(to: channel.escrow, data: calldata)], isEnvelope: isEnvelope)
    return .topUp(
      .init(
        channelID: channel.id, descriptor: channel.descriptor, transaction: transaction.serialized,
        additionalDeposit: Amount(units: amount)))
  }

  package func sign(_ transaction: TempoTransaction) throws -> SignedTempoTransaction {
    try SignedTempoTransaction(
      transaction, signature: .secp256k1(account.privateKey.sign(transaction.signingHash())))
  }

  /// A channel whose open transaction is signed and not sent.
  package func open(
    deposit: UInt128, payee: Address, operator: Address = .zero, token: Address = TempoAddress.pathUSD,
    escrow: Address = TempoAddress.channelReserve, authorizedSigner: Address = .zero
  ) async throws -> OpenChannel {
    let salt = try Hash32(random.fill(32))
    let calldata = try ChannelReserveABI.openCalldata(
      payee: payee, operator: `operator`, token: token, deposit: deposit, salt: salt,
      authorizedSigner: authorizedSigner)
    let transaction = try await signed([Call(to: escrow, data: calldata)])
    return try channel(transaction, payee, `operator`, token, salt, authorizedSigner, escrow)
  }

  package func channel(
    _ signed: SignedTempoTransaction, _ payee: Address, _ operator: Address, _ token: Address,
    _ salt: Hash32, _ authorizedSigner: Address, _ escrow: Address = TempoAddress.channelReserve
  ) throws -> OpenChannel {
    let descriptor = ChannelDescriptor(
      payer: account.address, payee: payee, operator: `operator`, token: token, salt: salt,
      authorizedSigner: authorizedSigner,
      expiringNonceHash: signed.transaction.expiringNonceHash(sender: account.address))
    return OpenChannel(
      descriptor: descriptor, escrow: escrow, chainID: devnet.chainID, transaction: signed,
      key: account.privateKey)
  }

  package func topUp(_ channel: OpenChannel, _ amount: UInt128) async throws -> SessionPayload {
    let calldata = try ChannelReserveABI.topUpCalldata(channel.descriptor, additionalDeposit: amount)
    let transaction = try await signed([Call(to: channel.escrow, data: calldata)])
    return .topUp(
      .init(
        channelID: channel.id, descriptor: channel.descriptor, transaction: transaction.serialized,
        additionalDeposit: Amount(units: amount)))
  }

  /// Sends a call of the payer to the reserve, outside of the protocol.
  package func sendDirectly(_ calldata: [UInt8]) async throws {
    let transaction = try await signed([Call(to: TempoAddress.channelReserve, data: calldata)])
    let receipt = try await planner.client.sendRawTransactionSync(transaction.serialized)
    try #require(receipt.succeeded)
  }
}

/// A channel as its payer knows it.
package struct OpenChannel: Sendable {
  package var descriptor: ChannelDescriptor
  package let escrow: Address
  package let chainID: UInt64
  package var transaction: SignedTempoTransaction
  package let key: Secp256k1PrivateKey

  package init(
    descriptor: ChannelDescriptor, escrow: Address, chainID: UInt64, transaction: SignedTempoTransaction,
    key: Secp256k1PrivateKey
  ) {
    self.descriptor = descriptor
    self.escrow = escrow
    self.chainID = chainID
    self.transaction = transaction
    self.key = key
  }

  package var id: Hash32 { descriptor.channelID(escrow: escrow, chainID: chainID) }

  package func signature(_ amount: UInt128, by signer: Secp256k1PrivateKey? = nil) throws -> [UInt8] {
    let voucher = try Voucher(channelID: id, cumulativeAmount: amount)
    return (signer ?? key).sign(voucher.digest(domain: VoucherDomain(chainID: chainID, escrow: escrow)))
      .bytes65
  }

  package func openPayload(_ amount: UInt128, change: (inout SessionPayload.Open) -> Void = { _ in }) throws
    -> SessionPayload
  {
    var payload = SessionPayload.Open(
      channelID: id, descriptor: descriptor, transaction: transaction.serialized,
      cumulativeAmount: Amount(units: amount), signature: try signature(amount))
    change(&payload)
    return .open(payload)
  }

  package func voucher(
    _ amount: UInt128, change: (inout SessionPayload.VoucherPayload) -> Void = { _ in }
  ) throws -> SessionPayload {
    var payload = SessionPayload.VoucherPayload(
      channelID: id, descriptor: descriptor, cumulativeAmount: Amount(units: amount),
      signature: try signature(amount))
    change(&payload)
    return .voucher(payload)
  }

  package func close(
    _ amount: UInt128, change: (inout SessionPayload.Close) -> Void = { _ in }
  ) throws -> SessionPayload {
    var payload = SessionPayload.Close(
      channelID: id, descriptor: descriptor, cumulativeAmount: Amount(units: amount),
      signature: try signature(amount))
    change(&payload)
    return .close(payload)
  }
}
