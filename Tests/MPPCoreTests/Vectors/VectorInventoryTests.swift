import Foundation
import MPPCore
import TestSupport
import Testing

/// Every file and group of the vectors has a test that counts its cases. Works on the folder, the table of
/// consumers and the sources, so it does not matter which tests run, or in which order.
struct VectorInventoryTests {
  @Test func everyFileAndGroupOfTheVectorsHasAConsumer() throws {
    let inventory = VectorConsumer.inventory
    #expect(try VectorFile.names() == inventory.keys.sorted())
    var total = 0
    for name in try VectorFile.names() {
      let file = try VectorFile.load(name)
      try file.expectGroups(Array(inventory[name] ?? []))
      let count = try file.groups.reduce(0) { try $0 + file.group($1).count }
      print("vectors \(name): \(count) cases")
      total += count
    }
    if VectorFile.isPublicSet { #expect(total == 1_756) }
    print("vectors: \(total) cases in \(inventory.count) files")
  }

  @Test func everyConsumerIsOneTest() throws {
    for consumer in VectorConsumer.allCases {
      #expect(try Self.uses(of: "Tally(.\(consumer.rawValue))") == 1, "\(consumer)")
    }
  }

  @Test func everyDeclaredDifferenceIsTakenByATest() throws {
    for difference in DeliberateDifference.allCases {
      #expect(try Self.uses(of: ".\(difference.rawValue)") > 0, "\(difference)")
    }
  }

  @Test func compatibilityPageHasExactlyTheDeclaredDifferences() throws {
    let lines = try Self.tables().first ?? []
    let table = DeliberateDifference.table
    #expect(lines.filter { !table.contains($0) } == [], "not declared in DeliberateDifference")
    #expect(table.filter { !lines.contains($0) } == [], "missing in docs/compatibility.md")
    #expect(lines.count == table.count)
  }

  @Test func everythingThatIsRefusedBeyondTheVectorsHasATest() throws {
    let tables = try Self.tables()
    #expect(tables.count == 2)
    let rows = (tables.last ?? []).dropFirst(2)
    #expect(!rows.isEmpty)
    for row in rows {
      let cell =
        row.split(separator: "|").last?.trimmingCharacters(in: CharacterSet(charactersIn: " `")) ?? ""
      let names = cell.split(separator: ".").map(String.init)
      #expect(names.count == 2, "\(row)")
      guard names.count == 2 else { continue }
      #expect(
        Self.sources.contains { $0.contains("struct \(names[0]) {") && $0.contains("func \(names[1])(") },
        "\(cell) is no test")
    }
  }

  /// The lines of the tables of the page, one list for each part of it.
  private static func tables() throws -> [[String]] {
    let page = try String(contentsOf: root.appending(path: "docs/compatibility.md"), encoding: .utf8)
    return page.components(separatedBy: "\n## ").map { part in
      part.split(separator: "\n").map(String.init).filter { $0.hasPrefix("|") }
    }
  }

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// How often a text occurs in the sources of the tests, as a whole word. The tables and this file do not
  /// count.
  private static func uses(of text: String) throws -> Int {
    try sources.reduce(0) { count, source in
      source.components(separatedBy: text).dropFirst().reduce(count) { count, rest in
        rest.utf8.first.map { isNameByte($0) } == true && isNameByte(text.utf8.last ?? 0) ? count : count + 1
      }
    }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte | 0x20 {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
  }

  private static let sources: [String] = {
    let tests = root.appending(path: "Tests")
    let names = FileManager.default.enumerator(atPath: tests.path)?.compactMap { $0 as? String } ?? []
    return names.filter {
      $0.hasSuffix(".swift") && !$0.hasPrefix("TestSupport/") && !$0.hasSuffix("VectorInventoryTests.swift")
        && !$0.hasSuffix("TallyTests.swift")
    }.compactMap { try? String(contentsOf: tests.appending(path: $0), encoding: .utf8) }
  }()
}
