#if SQLite
  import Foundation
  import MPPServer

  /// The first hundred bytes of a database file, read without SQLite, so that a file that is not ours is not even opened.
  struct SQLiteHeader {
    static let length = 100
    private static let magic = Array("SQLite format 3\0".utf8)

    let applicationID: Int32
    let userVersion: Int32

    /// `nil` when the file is not an SQLite database.
    init?(_ bytes: [UInt8]) {
      guard bytes.count >= Self.length, bytes.starts(with: Self.magic) else { return nil }
      userVersion = Self.number(bytes, at: 60)
      applicationID = Self.number(bytes, at: 68)
    }

    /// What is at `path`: `nil` for no file or an empty one.
    static func bytes(ofFileAt path: String) throws(StoreError) -> [UInt8]? {
      guard FileManager.default.fileExists(atPath: path) else { return nil }
      do {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? handle.close() }
        let content = try handle.read(upToCount: length) ?? Data()
        return content.isEmpty ? nil : Array(content)
      } catch {
        throw StoreError(.unavailable, "cannot read \(path)", underlying: String(describing: error))
      }
    }

    /// Whether there is something at `path` from which SQLite can undo a transaction.
    static func isRollbackJournal(_ path: String) throws(StoreError) -> Bool {
      try bytes(ofFileAt: path)?.starts(with: [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]) ?? false
    }

    private static func number(_ bytes: [UInt8], at offset: Int) -> Int32 {
      var value: UInt32 = 0
      for byte in bytes[offset..<offset + 4] { value = value << 8 | UInt32(byte) }
      return Int32(bitPattern: value)
    }
  }
#endif
