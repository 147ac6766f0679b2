import MPPCore
public import MPPServer

/// Proves that a store keeps the promises of `LedgerStore`. Every check gets a store of its own.
///
/// ```swift
/// try await LedgerStoreSuite { MyStore() }.run()
/// ```
public struct LedgerStoreSuite: Sendable {
  /// A promise that was not kept.
  public struct Failure: Error, CustomStringConvertible {
    /// The name of the check, or of the function in it that found the fault.
    public let check: String
    /// What was wrong.
    public let reason: String
    public var description: String { "\(check): \(reason)" }
  }

  typealias Body = @Sendable (any LedgerStore) async throws -> Void

  private let make: @Sendable () async throws -> any LedgerStore
  private let reopen: (@Sendable (any LedgerStore) async throws -> any LedgerStore)?

  /// - Parameters:
  ///   - make: a new, empty store.
  ///   - reopen: closes the store as if the process had ended and opens it again; leave it out for a volatile store.
  public init(
    make: @escaping @Sendable () async throws -> any LedgerStore,
    reopen: (@Sendable (any LedgerStore) async throws -> any LedgerStore)? = nil
  ) {
    self.make = make
    self.reopen = reopen
  }

  /// Names of the checks, in order.
  public static var checkNames: [String] { checks.map(\.name) + ["reopened store has what was committed"] }

  /// All checks, one after another.
  ///
  /// - Throws: ``Failure`` of the first one that fails, or the store's own error.
  public func run() async throws {
    for name in Self.checkNames { try await run(name) }
  }

  /// One check.
  public func run(_ name: String) async throws {
    let store = try await make()
    if let check = Self.checks.first(where: { $0.name == name }) {
      try await check.body(store)
    } else if name == Self.checkNames.last {
      try await checkReopening(store)
      return
    } else {
      throw Failure(check: name, reason: "there is no such check")
    }
    await store.close()
  }

  private func checkReopening(_ store: any LedgerStore) async throws {
    guard let reopen else {
      try Self.expect(store.durability == .volatile, "a durable store must be checked with `reopen`")
      await store.close()
      return
    }
    let writes = (1...50).map { Self.insertion(UInt8($0)) }
    _ = try await store.commit(writes)
    _ = try await store.commit([Self.insertion(200)])
    _ = try await store.claim(Self.replay, until: Self.time(100), now: Self.time(0))
    let isRemoved = try await store.remove([Removal(key: Self.key(200), expected: 1)])
    try Self.expect(isRemoved == [true], "a record could not be removed")
    let again = try await reopen(store)
    let removed = try await again.load([Self.key(200)])
    try Self.expect(removed == [nil], "a removed record is back after reopening")
    let stored = try await again.load(writes.map(\.key))
    try Self.expect(stored.map { $0?.body } == writes.map { $0.body }, "a record is missing after reopening")
    let entries = try await again.scan(LedgerIndex(kind: 1, slot: 1), .all, after: nil, limit: 100)
    try Self.expect(entries.count == 50, "an index entry is missing after reopening")
    let isFirst = try await again.claim(Self.replay, until: Self.time(100), now: Self.time(1))
    try Self.expect(!isFirst, "a claim is forgotten after reopening")
    await again.close()
  }

  static func expect(_ condition: Bool, _ reason: String, check: String = #function) throws {
    guard condition else { throw Failure(check: check, reason: reason) }
  }

  static func key(_ number: UInt8, kind: UInt8 = 1) -> RecordKey { RecordKey(kind: kind, id: [number]) }

  static func insertion(_ number: UInt8, kind: UInt8 = 1, group: UInt32? = nil) -> Write {
    Write(
      key: key(number, kind: kind), expected: 0, version: 1, body: [number, 1],
      indexValues: [IndexValue(slot: 1, bytes: [number])], group: group)
  }

  static func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

  static let replay = ReplayKey(space: "suite", id: [1, 2, 3])
}
