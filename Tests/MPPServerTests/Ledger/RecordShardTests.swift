import Testing

@testable import MPPServer

@Suite struct RecordShardTests {
  /// Where one departure threw away what was being read of all others, many readers of a full cache made each other read again and again.
  @Test func aRecordThatLeavesIsNotMissedByTheReadersOfOthers() throws {
    var shard = RecordShard<CounterRecord>(capacity: 1)
    let keys = (0..<16).map { CounterRecord.key($0) }
    for key in keys {
      let others = keys.filter { $0.part(of: 64) != key.part(of: 64) }
      #expect(others.count >= 12, "keys are spread")
      shard.insert(RecordEntry(stored: nil, version: 0), for: key)
      let before = others.map { shard.departures(of: $0) }
      let own = shard.departures(of: key)
      shard.remove(key)
      #expect(shard.departures(of: key) == own + 1)
      #expect(others.map { shard.departures(of: $0) } == before)
    }
  }
}
