public import EVM
public import MPPCore
public import Tempo
public import TempoDevnet

/// What the chain did for one channel, from its events.
public struct ChannelHistory: Sendable {
  public let channelID: Hash32
  public var descriptor: ChannelDescriptor?
  /// How often the chain executed each kind.
  public var opens = 0
  public var topUps = 0
  public var settlements = 0
  public var closes = 0
  public var closeRequests = 0
  public var cancelledCloseRequests = 0
  /// Base units.
  public var deposited = Amount.zero
  public var captured = Amount.zero
  public var refunded = Amount.zero

  init(_ channelID: Hash32) { self.channelID = channelID }

  mutating func add(_ event: ChannelReserveEvent) throws {
    switch event.kind {
    case .opened(let opened):
      opens += 1
      descriptor = event.openedDescriptor
      deposited = Amount(units: opened.deposit)
    case .topUp(_, let deposit):
      topUps += 1
      deposited = Amount(units: deposit)
    case .settled(_, _, let settled):
      settlements += 1
      captured = Amount(units: settled)
    case .closed(let settled, let refund):
      closes += 1
      captured = Amount(units: settled)
      refunded = Amount(units: refund)
    case .closeRequested: closeRequests += 1
    case .closeRequestCancelled: cancelledCloseRequests += 1
    }
  }
}

extension Devnet {
  /// The channels of the reserve that were ever opened, oldest first.
  public func channelHistories() throws -> [ChannelHistory] {
    var histories: [ChannelHistory] = []
    for log in receipts().flatMap(\.logs) {
      guard let event = try ChannelReserveEvent(log: log) else { continue }
      if let index = histories.firstIndex(where: { $0.channelID == event.channelID }) {
        try histories[index].add(event)
      } else {
        var history = ChannelHistory(event.channelID)
        try history.add(event)
        histories.append(history)
      }
    }
    return histories
  }
}
