import EVM
import MPPCore
import Tempo

@testable import MPPTempo

/// Records for tests: one channel, deposit 1000, first voucher 100.
enum ChannelRecordFixture {
  static let chainID: UInt64 = 42431
  static let escrow = TempoAddress.channelReserve
  static let now = Timestamp(seconds: 1_800_000_000)
  static let later = now.adding(seconds: 60)

  static let descriptor = ChannelDescriptor(
    payer: address(1), payee: address(2), operator: .zero, token: address(3), salt: .zero,
    authorizedSigner: .zero, expiringNonceHash: .zero)
  static let channelID = descriptor.channelID(escrow: escrow, chainID: chainID)

  static func address(_ number: UInt8) -> Address {
    Address(truncating: UInt256(UInt64(number)).word)
  }

  static func amount(_ units: Int) -> Amount { Amount(units: UInt128(units)) }

  static func voucher(_ units: Int, signature: UInt8 = 7) -> SignedVoucher {
    SignedVoucher(
      channelID: channelID, cumulativeAmount: amount(units),
      signature: [UInt8](repeating: signature, count: 65))
  }

  static func observation(
    deposit: Int = 1000, settled: Int = 0, closing: UInt32 = 0, block: UInt64 = 10
  ) -> ChannelObservation {
    ChannelObservation(
      deposit: amount(deposit), settled: amount(settled), closeRequestedAt: closing, block: block)
  }

  static func opening(
    voucher units: Int = 100, observation: ChannelObservation = observation()
  ) -> ChannelOpening {
    ChannelOpening(
      channelID: channelID, chainID: chainID, escrow: escrow, descriptor: descriptor,
      observation: observation, voucher: voucher(units), now: now)
  }

  static func acceptance(
    _ units: Int, signature: UInt8 = 7, minimumDelta: Int = 0, comparedWith: Int = 0
  ) -> VoucherAcceptance {
    VoucherAcceptance(
      voucher: voucher(units, signature: signature), minimumDelta: amount(minimumDelta),
      comparedWith: amount(comparedWith))
  }

  static func hold(_ sequence: UInt64, _ units: Int, epoch: UInt64 = 1) -> HoldRequest {
    HoldRequest(
      id: HoldID(epoch: epoch, sequence: sequence), amount: amount(units), now: now, expires: later)
  }

  static func id(_ sequence: UInt64, epoch: UInt64 = 1) -> HoldID { HoldID(epoch: epoch, sequence: sequence) }

  static func attempt(_ units: Int? = nil, owner: UInt64 = 5, now: Timestamp = now) -> CloseAttempt {
    CloseAttempt(
      voucher: units.map { voucher($0) }, owner: owner, now: now, expires: now.adding(seconds: 30))
  }

  /// A channel in each phase: accepted 100, spent 30 in one unit, 20 held (except at the end).
  static func record(_ phase: ChannelPhase = .open) throws -> ChannelRecord {
    var record = try ChannelRecord.applying(.open(opening()), to: nil)
    record = try record.applying(.hold(hold(1, 30))).applying(.commit(id(1))).applying(.hold(hold(2, 20)))
    switch phase {
    case .open: return record
    case .forced: return try record.applying(.mergeChainState(observation(closing: 1_800_000_000, block: 11)))
    case .closing: return try record.applying(.beginClose(attempt()))
    case .finalized: return try record.applying(.closed(captured: amount(30), voucher: nil, block: 12))
    }
  }
}
