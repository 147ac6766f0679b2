import Foundation

/// A folder of this process alone, to be removed at its end.
struct TemporaryFolder: Sendable {
  let path: String

  init() throws(CommandFailure) {
    let url = FileManager.default.temporaryDirectory.appending(path: "mpp-\(UUID().uuidString)")
    do {
      try FileManager.default.createDirectory(
        at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw CommandFailure(.failure, "cannot make a temporary folder: \(error.localizedDescription)")
    }
    path = url.path
  }

  func remove() {
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      Output.note("mpp: \(path) could not be removed")
    }
  }
}
