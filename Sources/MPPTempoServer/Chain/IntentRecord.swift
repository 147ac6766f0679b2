import MPPCore
import MPPServer
import TempoRPC

/// A chain intent as the ledger keeps it.
struct IntentRecord: LedgerRecord {
  static let kind = RecordKind.chainIntent
  /// Index of the intents that are not ended, by time of creation.
  static let pendingSlot = 1

  /// Index of the ended ones, by time of creation: what may leave after a time.
  static let endedSlot = 2

  var intent: ChainIntent

  init(_ intent: ChainIntent) { self.intent = intent }

  init(decoding bytes: [UInt8]) throws { intent = try ChainIntent(decoding: bytes) }

  func encoded() throws -> [UInt8] { try intent.encoded() }

  var indexValues: [IndexValue] {
    let slot = intent.state.isFinal ? Self.endedSlot : Self.pendingSlot
    return [IndexValue(slot: slot, number: intent.createdAt.milliseconds)]
  }

  static func key(_ identity: ChainIntent.Identity) -> RecordKey {
    RecordKey(kind: kind, id: identity.bytes)
  }
}
