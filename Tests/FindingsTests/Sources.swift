import Foundation

/// The repository's sources, for structural tests.
enum Sources {
  /// Every line of some targets that is not a comment, with its file.
  static func lines(of targets: [String]) throws -> [(file: String, line: String)] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources")
    var found: [(String, String)] = []
    for target in targets {
      let folder = root.appendingPathComponent(target)
      let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
      while let file = files?.nextObject() as? URL {
        guard file.pathExtension == "swift" else { continue }
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
          let trimmed = line.trimmingCharacters(in: .whitespaces)
          if !trimmed.hasPrefix("//") { found.append((file.lastPathComponent, trimmed)) }
        }
      }
    }
    return found
  }
}
