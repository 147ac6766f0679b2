import MPPCore
import MPPServer
import TempoRPC

/// A chain intent as the ledger keeps it.
struct IntentRecord: LedgerRecord {
  static let kind = RecordKind.chainIntent
  /// Index of the intents that are not ended, by time of creation.
  static let pendingSlot = 1

  var intent: ChainIntent

  init(_ intent: ChainIntent) { self.intent = intent }

  init(decoding bytes: [UInt8]) throws { intent = try ChainIntent(decoding: bytes) }

  func encoded() throws -> [UInt8] { try intent.encoded() }

  var indexValues: [IndexValue] {
    guard !intent.state.isFinal else { return [] }
    return [IndexValue(slot: Self.pendingSlot, number: intent.createdAt.milliseconds)]
  }

  static func key(_ identity: ChainIntent.Identity) -> RecordKey {
    RecordKey(kind: kind, id: identity.bytes)
  }
}
