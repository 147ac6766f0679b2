import EVM
import MPPClient
import Synchronization
import TempoRPC

/// The client's own chain actions in its journal. A removed intent stays as an empty record, so that versions go on.
final class JournalIntentStore: IntentStore {
  static let recordKind = "intent"

  private struct Entry {
    var intent: ChainIntent?
    var version: UInt64
  }

  private let journal: any PaymentJournal
  private let entries = Mutex<[ChainIntent.Identity: Entry]>([:])

  init(journal: any PaymentJournal) { self.journal = journal }

  func restore() async throws {
    for record in try await journal.records(kind: Self.recordKind) where !record.body.isEmpty {
      let intent = try ChainIntent(decoding: record.body)
      entries.withLock { $0[intent.identity] = Entry(intent: intent, version: record.version) }
    }
    for record in try await journal.records(kind: Self.recordKind) where record.body.isEmpty {
      guard let identity = Self.identity(record.key) else {
        throw JournalError(.corrupt, "intent \(record.key)")
      }
      entries.withLock { $0[identity] = Entry(intent: nil, version: record.version) }
    }
  }

  func insert(_ intent: ChainIntent) async throws -> ChainIntent {
    let existing = entries.withLock { $0[intent.identity]?.intent }
    if let existing, !existing.state.isFinal { return existing }
    try await write(intent.identity, intent)
    return intent
  }

  func load(_ identity: ChainIntent.Identity) async throws -> ChainIntent? {
    entries.withLock { $0[identity]?.intent }
  }

  func update(_ intent: ChainIntent) async throws { try await write(intent.identity, intent) }

  func remove(_ identity: ChainIntent.Identity) async throws {
    guard entries.withLock({ $0[identity]?.intent }) != nil else { return }
    try await write(identity, nil)
  }

  func pending(limit: Int) async throws -> [ChainIntent] {
    entries.withLock { entries in
      Array(
        entries.values.compactMap(\.intent).filter { !$0.state.isFinal }
          .sorted { $0.createdAt < $1.createdAt }.prefix(limit))
    }
  }

  private func write(_ identity: ChainIntent.Identity, _ intent: ChainIntent?) async throws {
    let version = (entries.withLock { $0[identity]?.version } ?? 0) + 1
    try await journal.write([
      JournalRecord(
        kind: Self.recordKind, key: Hex.encode(identity.bytes), version: version,
        body: intent?.encoded() ?? [])
    ])
    entries.withLock { $0[identity] = Entry(intent: intent, version: version) }
  }

  private static func identity(_ key: String) -> ChainIntent.Identity? {
    do {
      let bytes = try Hex.decode(key)
      guard bytes.count == 65, let kind = ChainIntent.Kind(rawValue: bytes[0]) else { return nil }
      return ChainIntent.Identity(kind, try Hash32(bytes[1..<33]), try Hash32(bytes[33...]))
    } catch {
      return nil
    }
  }
}
