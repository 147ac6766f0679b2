import MPPCore
import MPPServer
import TempoRPC

/// A chain intent as the ledger keeps it.
struct IntentRecord: LedgerRecord {
  static let kind = RecordKind.chainIntent
  /// Charges and the actions of channels are looked at by services of their own: neither waits behind the other's.
  enum Family: CaseIterable {
    case channels, charges

    init(_ kind: ChainIntent.Kind) {
      switch kind {
      case .charge: self = .charges
      case .open, .topUp, .settle, .close, .requestClose, .withdraw, .renew: self = .channels
      }
    }

    /// Index of the intents that are not ended, by time of creation.
    var pendingSlot: Int { self == .channels ? 1 : 3 }
    /// Index of the ended ones, by time of creation: what may leave after a time.
    var endedSlot: Int { self == .channels ? 2 : 4 }
  }

  var intent: ChainIntent

  init(_ intent: ChainIntent) { self.intent = intent }

  init(decoding bytes: [UInt8]) throws { intent = try ChainIntent(decoding: bytes) }

  func encoded() throws -> [UInt8] { try intent.encoded() }

  var indexValues: [IndexValue] {
    let family = Family(intent.identity.kind)
    let slot = intent.state.isFinal ? family.endedSlot : family.pendingSlot
    return [IndexValue(slot: slot, number: intent.createdAt.milliseconds)]
  }

  static func key(_ identity: ChainIntent.Identity) -> RecordKey {
    RecordKey(kind: kind, id: identity.bytes)
  }
}
