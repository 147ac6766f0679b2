import MPPCore
import MPPServer

extension LedgerStoreSuite {
  struct Check: Sendable {
    let name: String
    let body: Body
  }

  static let checks: [Check] = [
    Check(name: "absent records load as nil, in order", body: absentRecords),
    Check(name: "an insertion needs absence", body: insertions),
    Check(name: "an update needs the stored version", body: updates),
    Check(name: "writes of a batch are decided one by one", body: independentWrites),
    Check(name: "a group is applied all or none", body: groups),
    Check(name: "faulty writes are refused whole", body: faultyWrites),
    Check(name: "bodies of any size come back", body: bodies),
    Check(name: "index values follow the record", body: indexValues),
    Check(name: "a removal needs the stored version", body: removals),
    Check(name: "scans are ordered, bounded and paged", body: scans),
    Check(name: "kinds do not mix", body: kinds),
    Check(name: "a claim has one winner until it expires", body: claims),
    Check(name: "racing claims have one winner", body: racingClaims),
    Check(name: "100 racing writers lose no update", body: racingWriters),
    Check(name: "a closed store refuses", body: closing),
  ]

  private static let absentRecords: Body = { store in
    _ = try await store.commit([insertion(2)])
    let loaded = try await store.load([key(1), key(2), key(3), key(2)])
    try expect(loaded.map { $0?.version } == [nil, 1, nil, 1], "wrong records: \(loaded)")
    try expect(try await store.load([]).isEmpty, "no keys, no records")
  }

  private static let insertions: Body = { store in
    try expect(try await store.commit([insertion(1)]) == [.applied(version: 1)], "first insertion")
    let current = VersionedRecord(key: key(1), version: 1, body: [1, 1])
    let second = Write(key: key(1), expected: 0, version: 5, body: [9], indexValues: nil)
    try expect(try await store.commit([second]) == [.conflict(current)], "second insertion")
    try expect(try await store.load([key(1)]) == [current], "a refused insertion changes nothing")
  }

  private static let updates: Body = { store in
    _ = try await store.commit([insertion(1)])
    let jump = Write(key: key(1), expected: 1, version: 7, body: [7], indexValues: nil)
    try expect(try await store.commit([jump]) == [.applied(version: 7)], "versions may jump")
    let current = VersionedRecord(key: key(1), version: 7, body: [7])
    let stale = Write(key: key(1), expected: 1, version: 8, body: [8], indexValues: nil)
    try expect(try await store.commit([stale]) == [.conflict(current)], "stale version")
    let absent = Write(key: key(2), expected: 1, version: 2, body: [8], indexValues: nil)
    try expect(try await store.commit([absent]) == [.conflict(nil)], "update of an absent record")
    try expect(try await store.load([key(1), key(2)]) == [current, nil], "refused updates change nothing")
  }

  private static let independentWrites: Body = { store in
    _ = try await store.commit([insertion(1)])
    let outcomes = try await store.commit([insertion(1), insertion(2), insertion(3)])
    try expect(outcomes[0] != .applied(version: 1), "the first one is there already")
    try expect(outcomes[1...] == [.applied(version: 1), .applied(version: 1)], "the others are applied")
    try expect(try await store.commit([]).isEmpty, "an empty batch is no error")
  }

  private static let groups: Body = { store in
    _ = try await store.commit([insertion(1)])
    let outcomes = try await store.commit([
      insertion(2, group: 1), insertion(1, group: 1), insertion(3, group: 1), insertion(4, group: 2),
      insertion(5, group: 2), insertion(6),
    ])
    try expect(
      outcomes[0] == .groupRefused && outcomes[2] == .groupRefused, "the group goes with its conflict")
    try expect(
      outcomes[1] == .conflict(VersionedRecord(key: key(1), version: 1, body: [1, 1])), "the conflict itself")
    try expect(outcomes[3...].allSatisfy { $0 == .applied(version: 1) }, "other groups are not concerned")
    let loaded = try await store.load([key(2), key(3), key(4), key(5), key(6)])
    try expect(loaded.map { $0 != nil } == [false, false, true, true, true], "wrong records: \(loaded)")
  }

  private static let faultyWrites: Body = { store in
    let faulty: [Write] = [
      Write(key: key(1), expected: 3, version: 3, body: [], indexValues: nil),
      Write(key: key(1), expected: 0, version: .max, body: [], indexValues: nil),
      Write(key: key(1), expected: 0, version: 1, body: [], indexValues: [IndexValue(slot: 5, bytes: [])]),
      Write(key: key(1), expected: 0, version: 1, body: [], indexValues: [IndexValue(slot: 0, bytes: [])]),
      Write(
        key: key(1), expected: 0, version: 1, body: [],
        indexValues: [IndexValue(slot: 1, bytes: [UInt8](repeating: 0, count: 257))]),
      Write(
        key: key(1), expected: 0, version: 1, body: [],
        indexValues: [IndexValue(slot: 1, bytes: [1]), IndexValue(slot: 1, bytes: [2])]),
    ]
    for batch in faulty.map({ [insertion(2), $0] }) + [[insertion(2), insertion(2)]] {
      do {
        _ = try await store.commit(batch)
        throw Failure(check: "faulty writes", reason: "accepted \(batch)")
      } catch let error as StoreError {
        try expect(error.code == .invalid, "wrong error: \(error)")
      }
    }
    try expect(try await store.load([key(1), key(2)]) == [nil, nil], "nothing of a faulty batch is written")
  }

  private static let bodies: Body = { store in
    for size in [0, 1, 1000, 4096, 70_000] {
      let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let id = [UInt8(truncatingIfNeeded: size), UInt8(truncatingIfNeeded: size >> 8), 2]
      let write = Write(
        key: RecordKey(kind: 1, id: id), expected: 0, version: 1, body: body, indexValues: nil)
      _ = try await store.commit([write])
      try expect(try await store.load([write.key]).first??.body == body, "body of \(size) bytes")
    }
    let ids: [[UInt8]] = [[], [0], [0, 0], Array(0..<32), Array(0..<33), Array(0..<100)]
    for (index, id) in ids.enumerated() {
      let write = Write(
        key: RecordKey(kind: 2, id: id), expected: 0, version: 1, body: [UInt8(index)], indexValues: [])
      try expect(try await store.commit([write]) == [.applied(version: 1)], "key of \(id.count) bytes")
    }
    let loaded = try await store.load(ids.map { RecordKey(kind: 2, id: $0) })
    try expect(loaded.map { $0?.body } == ids.indices.map { [UInt8($0)] }, "keys are kept apart")
  }

  private static let indexValues: Body = { store in
    func entries(_ slot: Int) async throws -> [[UInt8]] {
      try await store.scan(LedgerIndex(kind: 1, slot: slot), .all, after: nil, limit: 10).map(\.value)
    }
    func update(_ expected: UInt64, _ values: [IndexValue]?) async throws {
      let write = Write(
        key: key(1), expected: expected, version: expected + 1, body: [], indexValues: values)
      try expect(try await store.commit([write]) == [.applied(version: expected + 1)], "update \(expected)")
    }
    _ = try await store.commit([insertion(1)])
    try await update(1, nil)
    try expect(try await entries(1) == [[1]], "nil keeps the values")
    try await update(2, [IndexValue(slot: 1, bytes: [5]), IndexValue(slot: 4, bytes: [])])
    try expect(try await entries(1) == [[5]], "a new value replaces the old one")
    try expect(try await entries(4) == [[]], "an empty value is a value")
    try await update(3, [])
    let rest = try await entries(1) + entries(4)
    try expect(rest.isEmpty, "no values, no entries")
  }

  private static let removals: Body = { store in
    _ = try await store.commit([insertion(1), insertion(2), insertion(3)])
    let answers = try await store.remove([
      Removal(key: key(1), expected: 1), Removal(key: key(2), expected: 2), Removal(key: key(4), expected: 1),
      Removal(key: key(1), expected: 1),
    ])
    try expect(answers == [true, false, false, false], "wrong answers: \(answers)")
    let loaded = try await store.load([key(1), key(2), key(3)])
    try expect(loaded.map { $0?.version } == [nil, 1, 1], "wrong records: \(loaded)")
    let entries = try await store.scan(LedgerIndex(kind: 1, slot: 1), .all, after: nil, limit: 10)
    try expect(entries.map(\.value) == [[2], [3]], "index values go with the record: \(entries)")
    let update = Write(key: key(1), expected: 1, version: 2, body: [9], indexValues: nil)
    try expect(try await store.commit([update]) == [.conflict(nil)], "an update of a removed record")
    try expect(try await store.commit([insertion(1)]) == [.applied(version: 1)], "the key is free again")
    let again = try await store.scan(LedgerIndex(kind: 1, slot: 1), .all, after: nil, limit: 10)
    try expect(again.count == 3, "the new record is found")
    try expect(try await store.remove([]).isEmpty, "nothing to remove")
  }

  private static let scans: Body = { store in
    let numbers: [Int64] = [300, 2, 70_000, 5, 256, 255, 1, 0]
    let writes = numbers.enumerated().flatMap { index, number in
      (0..<3).map { copy in
        Write(
          key: RecordKey(kind: 1, id: [UInt8(copy), UInt8(index)]), expected: 0, version: 1, body: [],
          indexValues: [IndexValue(slot: 2, number: number)])
      }
    }
    _ = try await store.commit(writes)
    let index = LedgerIndex(kind: 1, slot: 2)
    let all = try await store.scan(index, .all, after: nil, limit: 1000)
    try expect(all.count == 24, "\(all.count) entries")
    let expected = numbers.sorted().flatMap { number in [number, number, number].map(IndexValue.bytes(of:)) }
    try expect(all.map(\.value) == expected, "entries are ordered by value")
    for (left, right) in zip(all, all.dropFirst()) where left.value == right.value {
      try expect(left.key < right.key, "equal values are ordered by key")
    }
    var paged: [IndexEntry] = []
    while true {
      let page = try await store.scan(index, .all, after: paged.last?.cursor, limit: 5)
      try expect(page.count <= 5, "a page has its limit")
      if page.isEmpty { break }
      paged += page
    }
    try expect(paged == all, "pages give every entry once")
    let early = try await store.scan(index, .through(255), after: nil, limit: 1000)
    let bound = IndexValue.bytes(of: 255)
    try expect(
      early == all.filter { !bound.lexicographicallyPrecedes($0.value) }, "upper bound is included")
    let one = try await store.scan(index, .equal(to: IndexValue.bytes(of: 256)), after: nil, limit: 1000)
    try expect(one.count == 3, "equal values: \(one.count)")
    let late = try await store.scan(
      index, IndexRange(from: IndexValue.bytes(of: 256)), after: nil, limit: 1000)
    try expect(early + late == all, "lower bound is included")
    try expect(try await store.scan(index, .all, after: nil, limit: 0).isEmpty, "limit 0")
  }

  private static let kinds: Body = { store in
    _ = try await store.commit([insertion(1, kind: 1), insertion(1, kind: 2), insertion(2, kind: 255)])
    for (kind, number) in [(UInt8(1), UInt8(1)), (2, 1), (255, 2)] {
      let entry = IndexEntry(value: [number], key: key(number, kind: kind))
      let found = try await store.scan(LedgerIndex(kind: kind, slot: 1), .all, after: nil, limit: 10)
      try expect(found == [entry], "kind \(kind): \(found)")
      let all = try await store.scan(.all(kind), .all, after: nil, limit: 10)
      try expect(all == [IndexEntry(value: [], key: entry.key)], "all of kind \(kind): \(all)")
      let rest = try await store.scan(.all(kind), .all, after: all[0].cursor, limit: 10)
      try expect(rest.isEmpty, "nothing after the last of kind \(kind)")
    }
    try expect(
      try await store.scan(LedgerIndex(kind: 1, slot: 9), .all, after: nil, limit: 10).isEmpty,
      "an index that does not exist is empty")
  }

  private static let claims: Body = { store in
    func claim(_ id: UInt8, until: Int64, now: Int64) async throws -> Bool {
      try await store.claim(ReplayKey(space: "x", id: [id]), until: time(until), now: time(now))
    }
    try expect(try await claim(1, until: 100, now: 0), "first")
    try expect(try await !claim(1, until: 500, now: 99), "second, alive")
    try expect(try await claim(2, until: 100, now: 0), "another key")
    try expect(try await claim(1, until: 200, now: 100), "expired: free again")
    try expect(try await !claim(1, until: 300, now: 199), "taken again")
    func isClaimed(_ id: UInt8, now: Int64) async throws -> Bool {
      try await store.isClaimed(ReplayKey(space: "x", id: [id]), now: time(now))
    }
    try expect(try await isClaimed(1, now: 199), "alive")
    try expect(try await !isClaimed(1, now: 200), "ended")
    try expect(try await !isClaimed(4, now: 0), "never claimed")
    try expect(try await claim(4, until: 100, now: 0), "looking claims nothing")
    try expect(try await claim(3, until: .max, now: 0), "for ever")
    try expect(try await isClaimed(3, now: .max - 1), "for ever alive")
    try expect(try await !claim(3, until: .max, now: .max - 1), "for ever taken")
    for number in 10..<40 {
      try expect(try await claim(UInt8(number), until: 1_000, now: 300), "claim \(number)")
    }
    for number in 10..<40 {
      try expect(try await !claim(UInt8(number), until: 2_000, now: 999), "claim \(number) again")
    }
  }

  private static let racingClaims: Body = { store in
    let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<50 {
        group.addTask { try await store.claim(replay, until: time(100), now: time(0)) }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    try expect(winners == 1, "\(winners) winners")
  }

  private static let racingWriters: Body = { store in
    _ = try await store.commit([
      Write(key: key(1), expected: 0, version: 1, body: [0, 0], indexValues: nil)
    ])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<100 {
        group.addTask { try await increment(store) }
      }
      try await group.waitForAll()
    }
    let end = try await store.load([key(1)])[0]
    try expect(
      end?.version == 101 && end?.body == [100, 0], "an update was lost: \(String(describing: end))")
  }

  private static func increment(_ store: any LedgerStore) async throws {
    while true {
      guard let current = try await store.load([key(1)])[0] else {
        throw Failure(check: "racing writers", reason: "the record is gone")
      }
      let write = Write(
        key: key(1), expected: current.version, version: current.version + 1,
        body: [current.body[0] + 1, 0], indexValues: nil)
      if case .applied = try await store.commit([write])[0] { return }
    }
  }

  private static let closing: Body = { store in
    _ = try await store.commit([insertion(1)])
    await store.close()
    await store.close()
    do {
      _ = try await store.commit([insertion(2)])
    } catch let error as StoreError where error.code == .closed {
      return
    }
    throw Failure(check: "closing", reason: "a closed store accepted a write")
  }
}
