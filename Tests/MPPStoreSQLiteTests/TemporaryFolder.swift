import Foundation
import MPPServer
import MPPStoreSQLite

/// A folder that goes away with the test.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("mpp-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String = "ledger.db") -> String { path + "/" + name }

  func contents(_ name: String = "ledger.db") throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: file(name)))
  }

  func write(_ data: Data, _ name: String = "ledger.db") throws {
    try data.write(to: URL(fileURLWithPath: file(name)))
  }

  func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

  /// Name, kind, mode, size and content of everything in it.
  func inventory() throws -> [String] {
    try names().map { name in
      let attributes = try FileManager.default.attributesOfItem(atPath: file(name))
      let kind = (attributes[.type] as? FileAttributeType) ?? .typeUnknown
      let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
      let content = kind == .typeRegular ? try contents(name).base64EncodedString() : ""
      return "\(name) \(kind.rawValue) \(String(mode, radix: 8)) \(content)"
    }
  }

  /// The code with which the file is refused; `nil` when it is opened.
  func refusal(_ name: String = "ledger.db") -> StoreError.Code? {
    do {
      let ledger = try SQLiteLedger(at: file(name))
      withExtendedLifetime(ledger) {}
      return nil
    } catch {
      return error.code
    }
  }
}
