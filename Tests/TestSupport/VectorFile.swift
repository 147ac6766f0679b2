import Foundation
public import MPPCore

/// One file of golden cases, from `$MPP_VECTORS` or the repository's `Vectors/`. Counts what it handed out.
public struct VectorFile: Sendable {
  public let name: String
  private let root: JSONValue

  public static func load(_ name: String) throws -> VectorFile {
    let url = directory.appendingPathComponent(name)
    let bytes = [UInt8](try Data(contentsOf: url))
    let limits = JSONLimits(
      maximumBytes: 1 << 28, maximumDepth: 128, maximumMembers: 1 << 20, maximumElements: 1 << 20)
    return VectorFile(name: name, root: try JSONValue(parsing: bytes, limits: limits))
  }

  /// Whether the cases are the repository's own, so that what is known about them may be asserted.
  public static var isPublicSet: Bool { other == nil }

  /// The names of all files of cases.
  public static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".json") }
      .sorted()
  }

  private static var other: String? {
    guard let path = ProcessInfo.processInfo.environment["MPP_VECTORS"], !path.isEmpty else { return nil }
    return path
  }

  private static var directory: URL {
    if let other { return URL(fileURLWithPath: other, isDirectory: true) }
    return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Vectors", isDirectory: true)
  }

  /// A member of the file that is not a group (constants, parameters).
  public subscript(_ key: String) -> JSONValue? {
    root[key]
  }

  /// The names of the arrays of cases.
  public var groups: [String] {
    (root.objectValue ?? []).filter { $0.value.arrayValue != nil }.map(\.key)
  }

  /// Throws unless the file has exactly these groups: a group nobody tests must not stay unnoticed.
  public func expectGroups(_ expected: [String]) throws {
    guard Set(groups) == Set(expected) else {
      throw VectorError("\(name): groups \(groups.sorted()), expected \(expected.sorted())")
    }
  }

  /// The cases of a group; throws when there is no such group or no case in it.
  public func group(_ group: String) throws -> [VectorCase] {
    guard let cases = root[group]?.arrayValue, !cases.isEmpty else {
      throw VectorError("\(name): no group \(group)")
    }
    return cases.enumerated().map { index, value in
      VectorCase(
        label: "\(name) \(group)[\(index)] \(value["name"]?.stringValue ?? "")", group: group, index: index,
        value: value)
    }
  }
}

/// The vectors are not what the test expects: an unknown group, or a case of another shape.
public struct VectorError: Error, CustomStringConvertible {
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}
