/// Counts the cases of a vector file and prints `N passed, 0 failed` at the end.
public struct Tally {
  private let name: String
  public private(set) var passed = 0
  public private(set) var failures: [String] = []

  public init(_ file: VectorFile) {
    name = file.name
  }

  /// Runs one case; anything thrown is a failure of this case.
  public mutating func run(_ vector: VectorCase, _ body: () throws -> Void) {
    do {
      try body()
      passed += 1
    } catch {
      failures.append("\(vector.label): \(error)")
    }
  }

  /// As ``run(_:_:)``, for what has to wait.
  public mutating func runAsync(
    isolation: isolated (any Actor)? = #isolation, _ vector: VectorCase, _ body: () async throws -> Void
  ) async {
    do {
      try await body()
      passed += 1
    } catch {
      failures.append("\(vector.label): \(error)")
    }
  }

  /// Prints the totals and throws the failures, if any.
  public func finish() throws {
    print("\(name): \(passed) passed, \(failures.count) failed")
    guard failures.isEmpty else { throw VectorError(failures.joined(separator: "\n")) }
    guard passed > 0 else { throw VectorError("\(name): no case") }
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
