import MPPCore
import MPPTempo
import Testing

@Suite struct ClientChannelStorageTests {
  private typealias Fixture = ChannelRecordFixture
  private func amount(_ units: Int) -> Amount { Fixture.amount(units) }

  /// A node that lies, or a leaked key: the record must still be readable, or the whole journal with its deposits is not.
  @Test func aCaptureAboveTheCapIsStoredAndReadAndNothingIsAdded() throws {
    let opening = Fixture.opening()
    var channel = ClientChannel(
      channelID: opening.channelID, chainID: opening.chainID, escrow: opening.escrow,
      descriptor: opening.descriptor, origin: "https://a.example:443", resource: "https://a.example/r",
      opening: nil, account: try VoucherAccount(deposit: amount(1_000), cap: amount(1_000)), phase: .open,
      createdAt: Fixture.now)
    channel = try channel.applying(
      .observed(
        ObservedChannel(
          settled: amount(2_000), deposit: amount(3_000), closeRequestedAt: nil, blockTime: Fixture.now)))
    let read = try ClientChannel(decoding: channel.encoded())
    #expect(read == channel && read.isDisputed && read.phase == .orphaned)
    var account = read.account
    #expect(throws: VoucherPolicyError.capExceeded(required: amount(2_001), cap: amount(1_000))) {
      try account.reserve(price: amount(1))
    }
  }
}
