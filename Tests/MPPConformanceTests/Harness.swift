import MPPConformance
import MPPCore
import TestSupport

/// Asks as a harness does, without a process.
enum Harness {
  static func answer(_ op: String, _ input: JSONValue) async -> JSONValue {
    await answer(["schema": 1, "op": .string(op), "input": input])
  }

  static func answer(_ request: JSONValue) async -> JSONValue { await answer(request.serializedBytes()) }

  static func answer(_ text: String) async -> JSONValue { await answer(Array(text.utf8)) }

  static func answer(_ bytes: [UInt8]) async -> JSONValue {
    await ConformanceAnswer.answer(to: bytes) { _ in
      throw ConformanceFailure(.http, "no network in these tests")
    }
  }

  /// The value; throws what was answered instead.
  static func value(_ op: String, _ input: JSONValue) async throws -> JSONValue {
    let answer = await answer(op, input)
    guard answer["ok"]?.boolValue == true, let value = answer["value"] else {
      throw VectorError("\(op): \(answer.serialized())")
    }
    return value
  }

  /// Throws unless the answer is an error of this kind.
  static func expectError(_ kind: ConformanceFailure.Kind, _ op: String, _ input: JSONValue) async throws {
    try expectError(kind, await answer(op, input))
  }

  static func expectError(_ kind: ConformanceFailure.Kind, _ answer: JSONValue) throws {
    let error = answer["error"]
    try Tally.expect(answer["ok"], .bool(false), "ok of \(answer.serialized())")
    try Tally.expect(error?["type"]?.stringValue, kind.rawValue, "type")
    try Tally.expect(error?["message"]?.stringValue?.isEmpty, false, "message is empty")
  }

  /// Runs all cases of a group, in the file's order, and names the case that fails.
  static func each(_ file: String, _ group: String, _ body: (VectorCase) async throws -> Void) async throws {
    var failures: [String] = []
    for vector in try VectorFile.load(file).group(group) {
      do { try await body(vector) } catch { failures.append("\(vector.label): \(error)") }
    }
    guard failures.isEmpty else { throw VectorError(failures.joined(separator: "\n")) }
  }
}

extension JSONValue {
  func without(_ keys: String...) -> JSONValue {
    .object((objectValue ?? []).filter { !keys.contains($0.key) })
  }

  func with(_ key: String, _ value: JSONValue) -> JSONValue {
    .object((without(key).objectValue ?? []) + [.init(key: key, value: value)])
  }
}
