import BenchSupport
import MPPCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Counts of one operation, without libsecp256k1: how much work that library does is its own affair.
struct Budget: Equatable {
  var instructions: Int64
  var allocations: Int64
}

enum Budgets {
  /// How far above its threshold a count may be, in percent: other processors take other paths through `memcpy` and SHA-256.
  static let margin: Int64 = 8

  /// Reads the counts from standard input and compares them with the file, or writes it.
  static func compare(path: String, updates: Bool) throws -> Int32 {
    let counted = try counted()
    if updates {
      try write(document(counted), to: path)
      print("check-budgets: \(path) is written")
      return 0
    }
    let limits = try limits(path)
    var isExceeded = false
    for (name, budget) in counted {
      guard let limit = limits.first(where: { $0.0 == name })?.1 else {
        throw BenchFailure("\(path) has no threshold for \(name); run scripts/check-budgets --update")
      }
      for (what, count, limit) in [
        ("instructions", budget.instructions, limit.instructions),
        ("allocations", budget.allocations, limit.allocations),
      ] {
        let bound = max(limit + limit * margin / 100, limit + 1)
        let verdict = count > bound ? "EXCEEDED" : "ok"
        isExceeded = isExceeded || count > bound
        print("  \(pad(name, 18)) \(pad(what, 13)) \(pad(count)) of \(pad(limit)) + \(margin) %  \(verdict)")
      }
    }
    for (name, _) in limits where !counted.contains(where: { $0.0 == name }) {
      throw BenchFailure("\(path) has a threshold for \(name), which was not counted")
    }
    guard isExceeded else { return 0 }
    print(
      """
      check-budgets: an operation needs more than it may. Make it cheaper; or, when what it does now is worth it, run \
      `scripts/check-budgets --update` and say why in the commit that changes \(path).
      """)
    return 1
  }

  private static func counted() throws -> [(String, Budget)] {
    var result: [(String, Budget)] = []
    while let line = readLine() {
      let fields = line.split(separator: " ")
      guard fields.count == 3, let instructions = Int64(fields[1]), let allocations = Int64(fields[2]) else {
        throw BenchFailure("not a count: \(line)")
      }
      result.append((String(fields[0]), Budget(instructions: instructions, allocations: allocations)))
    }
    guard !result.isEmpty else { throw BenchFailure("nothing was counted") }
    return result
  }

  private static func limits(_ path: String) throws -> [(String, Budget)] {
    guard case .object(let members)? = try JSONValue(parsing: read(path))["budgets"] else {
      throw BenchFailure("\(path) has no budgets")
    }
    return try members.map { member in
      guard let instructions = member.value["instructions"]?.intValue,
        let allocations = member.value["allocations"]?.intValue
      else { throw BenchFailure("\(path): \(member.key) is not a budget") }
      return (member.key, Budget(instructions: instructions, allocations: allocations))
    }
  }

  private static func document(_ counted: [(String, Budget)]) -> String {
    let lines = counted.map { name, budget in
      "    \"\(name)\": { \"instructions\": \(budget.instructions), \"allocations\": \(budget.allocations) }"
    }
    return """
      {
        "unit": "counts of one operation, without libsecp256k1",
        "budgets": {
      \(lines.joined(separator: ",\n"))
        }
      }

      """
  }

  private static func read(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "r") else { throw BenchFailure("\(path) cannot be read") }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = fread(&bytes, 1, bytes.count, file)
    return Array(bytes[..<count])
  }

  private static func write(_ text: String, to path: String) throws {
    guard let file = fopen(path, "w") else { throw BenchFailure("\(path) cannot be written") }
    defer { fclose(file) }
    guard fputs(text, file) >= 0 else { throw BenchFailure("\(path) cannot be written") }
  }

  private static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.utf8.count))
  }

  private static func pad(_ number: Int64) -> String {
    let text = String(number)
    return String(repeating: " ", count: max(0, 8 - text.utf8.count)) + text
  }
}
