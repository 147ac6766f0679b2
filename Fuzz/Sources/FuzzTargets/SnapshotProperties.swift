@testable import MPPCore
@testable import MPPTempo

/// `Payment-Session-Snapshot`.
enum SnapshotProperties {
  static func check(_ bytes: [UInt8]) throws {
    let header =
      bytes.first == UInt8(ascii: "{") ? Base64.encode(bytes) : String(decoding: bytes, as: UTF8.self)
    guard let snapshot = try? SessionSnapshot(headerValue: header) else { return }
    let written = snapshot.headerValue()
    guard written.utf8.count <= SessionSnapshot.maxHeaderBytes else { return }
    let again = try SessionSnapshot(headerValue: written)
    try require(again == snapshot, "parse ∘ serialize changes a snapshot")
    try require(again.headerValue() == written, "the written snapshot is not stable")
  }
}
