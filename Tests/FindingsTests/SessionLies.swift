import EVM
import MPPCore
import MPPTempo
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import Testing

/// Snapshots of a seller that lies.
enum SessionLies {
  /// Of the seller's newest channel, with these amounts.
  static func snapshot(_ fixture: SessionFixture, claim: UInt128) throws -> JSONValue {
    let known = fixture.seller.state.withLock { state in
      let channels = state.channels
      return state.vouchers.reversed().lazy.compactMap { entry in
        channels[entry.channel].map { (entry.channel, $0) }
      }.first
    }
    let (id, channel) = try #require(known)
    return snapshot(id, channel.descriptor, channel.signature, claim, fixture)
  }

  /// Of a channel that nobody opened.
  static func foreignSnapshot(
    _ fixture: SessionFixture, payer: Address, signer: Address = .zero, claim: UInt128 = 50_000
  ) throws -> JSONValue {
    let descriptor = ChannelDescriptor(
      payer: payer, payee: fixture.seller.payee.address, operator: .zero, token: TempoAddress.alphaUSD,
      salt: Keccak256.hash([1]), authorizedSigner: signer, expiringNonceHash: Keccak256.hash([2]))
    let id = descriptor.channelID(
      escrow: TempoAddress.channelReserve, chainID: fixture.devnet.configuration.chainID)
    let digest = try Voucher(channelID: id, cumulativeAmount: claim)
      .digest(domain: VoucherDomain(chainID: fixture.devnet.configuration.chainID))
    return snapshot(
      id, descriptor, fixture.seller.payee.privateKey.sign(digest).bytes65, claim, fixture)
  }

  private static func snapshot(
    _ id: Hash32, _ descriptor: ChannelDescriptor, _ signature: [UInt8], _ claim: UInt128,
    _ fixture: SessionFixture
  ) -> JSONValue {
    let amount = Amount(units: claim)
    return SessionSnapshot(
      acceptedCumulative: amount, chainID: fixture.devnet.configuration.chainID, channelID: id,
      deposit: Amount(units: 1 << 90), descriptor: descriptor, escrow: TempoAddress.channelReserve,
      highestVoucher: SessionSnapshot.HighestVoucher(
        channelID: id, cumulativeAmount: amount, signature: signature),
      requiredCumulative: amount, settled: .zero, spent: amount
    ).jsonValue
  }
}
