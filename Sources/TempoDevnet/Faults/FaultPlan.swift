import EVM
import MPPCore

/// The active rules, in order, with their counters.
struct FaultPlan: Sendable {
  private struct Entry: Sendable {
    let number: Int
    let rule: FaultRule
    var passed = 0
    var fired = 0
  }

  private var entries: [Entry] = []
  private var fired: [Int: Int] = [:]
  private var nextNumber = 1
  private var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(state: seed) }

  mutating func add(_ rule: FaultRule) -> Int {
    let number = nextNumber
    nextNumber += 1
    entries.append(Entry(number: number, rule: rule))
    return number
  }

  mutating func remove(_ number: Int) { entries.removeAll { $0.number == number } }
  mutating func clear() { entries.removeAll() }
  func timesFired(_ number: Int) -> Int { fired[number] ?? 0 }
  var isEmpty: Bool { entries.isEmpty }

  /// As `devnet_faults` shows them.
  var entriesJSON: [JSONValue] {
    entries.map { entry in
      ChainJSON.object([
        ("id", .integer(Int64(entry.number))), ("match", entry.rule.match.json),
        ("action", .string(entry.rule.action.name)), ("skip", .integer(Int64(entry.rule.skip))),
        ("count", entry.rule.count.map { .integer(Int64($0)) } ?? .null),
        ("passed", .integer(Int64(entry.passed))), ("fired", .integer(Int64(entry.fired))),
      ])
    }
  }

  /// Requests and the transactions in them are hit at different moments.
  enum Stage { case request, transaction }

  /// The action for a call, if a rule hits it; the rule's counters move.
  mutating func action(
    at stage: Stage, method: String, path: String, transaction: ChainTransaction?
  ) -> FaultAction? {
    for index in entries.indices {
      guard entries[index].rule.action.concernsTransaction == (stage == .transaction) else { continue }
      guard matches(entries[index].rule.match, method, path, transaction) else { continue }
      if entries[index].passed < entries[index].rule.skip {
        entries[index].passed += 1
        continue
      }
      if let count = entries[index].rule.count, entries[index].fired >= count { continue }
      if entries[index].rule.probability < 1, random.nextUnit() >= entries[index].rule.probability {
        continue
      }
      entries[index].fired += 1
      fired[entries[index].number, default: 0] += 1
      return entries[index].rule.action
    }
    return nil
  }

  private func matches(
    _ match: FaultMatch, _ method: String, _ path: String, _ transaction: ChainTransaction?
  ) -> Bool {
    if let pattern = match.method, !Self.matches(pattern[...], method[...]) { return false }
    if let wanted = match.path, wanted != path { return false }
    guard match.looksAtTransaction else { return true }
    guard let transaction else { return false }
    if let from = match.from, transaction.sender != from { return false }
    if let hash = match.hash, transaction.hash != hash { return false }
    if let to = match.to, !transaction.calls.contains(where: { $0.to == to }) { return false }
    if let selector = match.selector, !transaction.calls.contains(where: { $0.data.starts(with: selector) }) {
      return false
    }
    if let payer = match.feePayer, transaction.feePayer != payer { return false }
    if let id = match.channelID, !transaction.channelIDs.contains(id) { return false }
    return true
  }

  /// `*` stands for any text, also none.
  private static func matches(_ pattern: Substring, _ text: Substring) -> Bool {
    guard let star = pattern.firstIndex(of: "*") else { return pattern == text }
    guard text.hasPrefix(pattern[..<star]) else { return false }
    let rest = pattern[pattern.index(after: star)...]
    guard !rest.isEmpty else { return true }
    var start = text.index(text.startIndex, offsetBy: pattern.distance(from: pattern.startIndex, to: star))
    while start <= text.endIndex {
      if matches(rest, text[start...]) { return true }
      guard start < text.endIndex else { return false }
      start = text.index(after: start)
    }
    return false
  }
}

/// A small generator with a known sequence: the same seed gives the same faults.
struct SplitMix64: Sendable {
  var state: UInt64

  /// A value in `0..<1`.
  mutating func nextUnit() -> Double {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    z ^= z >> 31
    return Double(z >> 11) / Double(1 << 53)
  }
}
