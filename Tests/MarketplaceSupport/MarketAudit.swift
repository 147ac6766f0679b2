import EVM
import MPPCore
import MPPTempo
import TempoDevnet

/// The ledger against the chain.
enum MarketAudit {
  static func compare(
    _ books: [ChannelRecord], _ histories: [ChannelHistory], _ devnet: Devnet
  ) throws -> [String] {
    var faults: [String] = []
    for record in books {
      let name = "channel \(record.channelID.hex.prefix(10))"
      guard let history = histories.first(where: { $0.channelID == record.channelID }) else {
        faults.append("\(name) is in the ledger and was never opened")
        continue
      }
      faults += compare(record, history, devnet.channel(record.channelID)).map { "\(name): \($0)" }
    }
    return faults
  }

  private static func compare(
    _ record: ChannelRecord, _ history: ChannelHistory, _ channel: DevnetChannel?
  ) -> [String] {
    var faults: [String] = []
    func check(_ condition: Bool, _ text: String) { if !condition { faults.append(text) } }
    check(record.spent <= record.accepted, "spent \(record.spent), accepted \(record.accepted)")
    check(
      record.accepted <= history.deposited, "accepted \(record.accepted), deposited \(history.deposited)")
    check(history.opens == 1, "opened \(history.opens) times")
    check(history.closes <= 1, "closed \(history.closes) times")
    check(history.captured == record.settled, "captured \(history.captured), ledger \(record.settled)")
    check(history.captured <= record.spent, "captured \(history.captured), delivered \(record.spent)")
    check(
      (channel == nil) == record.finalized,
      "exists on chain: \(channel != nil), finalized: \(record.finalized)")
    if let channel {
      check(channel.deposit == record.deposit, "deposit \(channel.deposit), ledger \(record.deposit)")
      check(channel.settled == record.settled, "settled \(channel.settled), ledger \(record.settled)")
    } else {
      check(
        history.captured.units + history.refunded.units == history.deposited.units,
        "captured \(history.captured) and refunded \(history.refunded) of \(history.deposited)")
    }
    return faults
  }
}
