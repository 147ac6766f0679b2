public import MPPCore

/// Runs the cases of a vector file, counts them, and insists that each was run.
public struct Tally {
  public let file: VectorFile
  private let groups: [String]
  /// The cases that were run, by group.
  private var seen: [String: Set<Int>] = [:]
  private var failedCases: [String: Set<Int>] = [:]
  public private(set) var failures: [String] = []
  private var differences: [DeliberateDifference: Int] = [:]
  private var pending: [String: [(index: Int, name: String, reason: String)]] = [:]

  /// Loads the consumer's file. Throws when the file has a group that nobody consumes, or lacks one.
  public init(_ consumer: VectorConsumer) throws {
    file = try VectorFile.load(consumer.file)
    groups = consumer.groups
    try file.expectGroups(Array(VectorConsumer.inventory[consumer.file] ?? []))
  }

  /// Cases that were run and did not fail.
  public var passed: Int {
    seen.reduce(0) { $0 + $1.value.count } - failedCases.reduce(0) { $0 + $1.value.count }
  }

  /// Runs all cases of a group.
  public mutating func each(_ group: String, _ body: (VectorCase) throws -> Void) throws {
    for vector in try file.group(group) { run(vector) { try body(vector) } }
  }

  /// As ``each(_:_:)``, for what has to wait.
  public mutating func eachAsync(
    isolation: isolated (any Actor)? = #isolation, _ group: String,
    _ body: (VectorCase) async throws -> Void
  ) async throws {
    for vector in try file.group(group) { await runAsync(vector) { try await body(vector) } }
  }

  /// Runs one case; anything thrown is a failure of this case.
  public mutating func run(_ vector: VectorCase, _ body: () throws -> Void) {
    do {
      try body()
      record(vector, nil)
    } catch {
      record(vector, error)
    }
  }

  /// As ``run(_:_:)``, for what has to wait.
  public mutating func runAsync(
    isolation: isolated (any Actor)? = #isolation, _ vector: VectorCase, _ body: () async throws -> Void
  ) async {
    do {
      try await body()
      record(vector, nil)
    } catch {
      record(vector, error)
    }
  }

  /// The names of the postponed cases, in the order of the file.
  public var pendingNames: [String] { groups.flatMap { pending[$0] ?? [] }.map(\.name) }

  /// Counts a case as one that nothing can be said about yet, by its name. It is neither passed nor failed.
  public mutating func postpone(_ vector: VectorCase, _ reason: String) {
    pending[vector.group, default: []].append((vector.index, vector.name, reason))
  }

  private mutating func record(_ vector: VectorCase, _ error: (any Error)?) {
    let isNew = seen[vector.group, default: []].insert(vector.index).inserted
    if !isNew { failures.append("\(vector.label): run twice") }
    for difference in vector.takeDifferences() {
      differences[difference, default: 0] += 1
      if difference.row.file != file.name {
        failures.append("\(vector.label): \(difference) is declared for \(difference.row.file)")
      }
    }
    guard let error else { return }
    failedCases[vector.group, default: []].insert(vector.index)
    failures.append("\(vector.label): \(error)")
  }

  /// Prints the totals and throws the failures, if any. A case of the consumer's groups that was not run, or
  /// a case of another group, is one.
  public func finish() throws {
    var problems = failures
    for group in groups {
      let count = try file.group(group).count
      let run = seen[group] ?? []
      let postponed = pending[group] ?? []
      for item in postponed { print("pending \(file.name): \(item.name) (\(item.reason))") }
      if run.union(postponed.map(\.index)) != Set(0..<count) || run.count + postponed.count != count {
        problems.append("\(file.name) \(group): \(run.count) of \(count) cases run")
      }
      let failed = failedCases[group]?.count ?? 0
      print("vectors \(file.name) \(group): \(run.count - failed) passed, \(failed) failed")
    }
    for group in seen.keys where !groups.contains(group) {
      problems.append("\(file.name) \(group): not a group of this consumer")
    }
    let failed = failedCases.reduce(0) { $0 + $1.value.count }
    let differing = differences.reduce(0) { $0 + $1.value }
    let note = differing == 0 ? "" : " (\(differing) of them differ on purpose)"
    let open = pending.reduce(0) { $0 + $1.value.count }
    let rest = open == 0 ? "" : ", \(open) pending"
    print("\(file.name): \(passed) passed, \(failed) failed\(rest)\(note)")
    if VectorFile.isPublicSet {
      for difference in DeliberateDifference.allCases
      where difference.row.file == file.name && differences[difference] == nil
        && difference.row.publicGroups.contains(where: { groups.contains($0) })
      {
        problems.append("\(file.name): no case for the declared difference \(difference)")
      }
    }
    guard problems.isEmpty else { throw VectorError(problems.joined(separator: "\n")) }
  }

  /// For use in `run`: throws with both values unless they are equal.
  public static func expect<T: Equatable>(_ actual: T, _ expected: T, _ what: String = "") throws {
    guard actual == expected else { throw VectorError("\(what) is \(actual), expected \(expected)") }
  }

  /// For use in `run`: throws unless the body throws.
  public static func expectRejected(_ what: String = "", _ body: () throws -> Any) throws {
    do {
      let value = try body()
      throw Accepted(description: "\(what) accepted: \(value)")
    } catch let accepted as Accepted {
      throw accepted
    } catch {}
  }

  private struct Accepted: Error, CustomStringConvertible {
    let description: String
  }
}
