import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// A channel and what its two sides do with it, as the scenarios of `03` §15 B build on each other.
struct ChannelScene {
  let h: Harness
  let descriptor: ChannelDescriptor
  let id: Hash32

  static let salt = Hash32.zero

  /// B1: the payer opens with 10,000,000 units.
  static func opened(
    _ h: Harness, operator: Address = .zero, authorizedSigner: Address = .zero
  ) async throws -> (ChannelScene, DevnetReceipt) {
    let open = ChannelReserveCall.Open(
      payee: h.payee.address, operator: `operator`, token: TempoAddress.pathUSD, deposit: 10_000_000,
      salt: salt, authorizedSigner: authorizedSigner)
    let transaction = h.transaction([try h.reserve(.open(open))])
    let receipt = try await h.send(transaction.signed(with: h.payer.privateKey).serialized)
    let hash = transaction.expiringNonceHash(sender: h.payer.address)
    return (ChannelScene(h: h, open.descriptor(payer: h.payer.address, expiringNonceHash: hash)), receipt)
  }

  init(h: Harness, _ descriptor: ChannelDescriptor) {
    self.h = h
    self.descriptor = descriptor
    id = descriptor.channelID(chainID: h.devnet.chainID)
  }

  func voucher(_ amount: UInt128, by signer: DevnetAccount? = nil) throws -> [UInt8] {
    let domain = VoucherDomain(chainID: h.devnet.chainID)
    let digest = try Voucher(channelID: id, cumulativeAmount: amount).digest(domain: domain)
    return (signer ?? h.payer).privateKey.sign(digest).bytes65
  }

  @discardableResult
  func settle(_ amount: UInt128, by account: DevnetAccount? = nil, signature: [UInt8]? = nil) async throws
    -> DevnetReceipt
  {
    let call = ChannelReserveCall.settle(
      descriptor, cumulativeAmount: amount, signature: try signature ?? voucher(amount))
    return try await h.send(h.reserve(call), from: account ?? h.payee)
  }

  @discardableResult
  func close(
    _ amount: UInt128, capture: UInt128, by account: DevnetAccount? = nil, signature: [UInt8]? = nil
  ) async throws -> DevnetReceipt {
    let call = ChannelReserveCall.close(
      descriptor, cumulativeAmount: amount, captureAmount: capture,
      signature: try signature ?? voucher(amount))
    return try await h.send(h.reserve(call), from: account ?? h.payee)
  }

  @discardableResult
  func topUp(_ amount: UInt128, by account: DevnetAccount? = nil) async throws -> DevnetReceipt {
    try await h.send(
      h.reserve(.topUp(descriptor, additionalDeposit: amount)), from: account ?? h.payer)
  }

  @discardableResult
  func requestClose(by account: DevnetAccount? = nil) async throws -> DevnetReceipt {
    try await h.send(h.reserve(.requestClose(descriptor)), from: account ?? h.payer)
  }

  @discardableResult
  func withdraw(by account: DevnetAccount? = nil) async throws -> DevnetReceipt {
    try await h.send(h.reserve(.withdraw(descriptor)), from: account ?? h.payer)
  }

  func log(_ kind: ChannelReserveEvent.Kind) throws -> Log {
    try ChannelReserveEvent(channelID: id, payer: descriptor.payer, payee: descriptor.payee, kind: kind).log()
  }

  /// settled, deposit, closeRequestedAt
  func expectState(_ settled: UInt128, _ deposit: UInt128, _ closeRequestedAt: UInt64 = 0) {
    let channel = h.devnet.channel(id)
    #expect(channel?.settled.units == settled)
    #expect(channel?.deposit.units == deposit)
    #expect(channel?.closeRequestedAt?.seconds == (closeRequestedAt == 0 ? nil : Int64(closeRequestedAt)))
  }
}

extension ChannelReserveCall.Open {
  func calldataOfOpen() throws -> [UInt8] { try ChannelReserveCall.open(self).calldata() }
}
