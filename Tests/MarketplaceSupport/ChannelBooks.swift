public import MPPServer
public import MPPTempo
import MPPTempoServer

/// Reads the channel records of a store, also of one whose server is gone.
public enum ChannelBooks {
  public static func read(_ store: any LedgerStore) async throws -> [ChannelRecord] {
    let entries = try await store.scan(.all(ChannelRecord.kind), .all, after: nil, limit: 1_000)
    guard !entries.isEmpty else { return [] }
    return try await store.load(entries.map(\.key)).compactMap { stored in
      try stored.map { try ChannelRecord(decoding: $0.body) }
    }
  }
}
