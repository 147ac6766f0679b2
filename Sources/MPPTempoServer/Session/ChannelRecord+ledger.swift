import EVM
import MPPCore
public import MPPServer
public import MPPTempo

/// Channels in the ledger, with the indexes of the background services.
extension ChannelRecord: LedgerRecord {
  /// Payment channels: ``RecordKind/channel``.
  public static var kind: UInt8 { RecordKind.channel }
  /// Channels with something to settle, by the time their settlement interval began.
  static let settleableSlot = 1
  /// Channels that owe the payee something: what a forced close could take away.
  static let owedSlot = 2

  /// Slot 1: what can be settled, by the milliseconds since when. Slot 2: what is owed. None for a closed
  /// channel.
  public var indexValues: [IndexValue] {
    guard !finalized else { return [] }
    var values: [IndexValue] = []
    values.reserveCapacity(2)
    if isSettleable {
      let start = lastSettlement?.at ?? createdAt
      values.append(IndexValue(slot: Self.settleableSlot, number: start.milliseconds))
    }
    if accepted > settled || isClosing { values.append(IndexValue(slot: Self.owedSlot, bytes: [])) }
    return values
  }

  static func key(_ channelID: Hash32) -> RecordKey {
    let words = channelID.words
    return RecordKey(kind: kind, words: (words[0], words[1], words[2], words[3]))
  }
}
