import Foundation

/// A file in chunks, from its start each time.
struct FileChunks: AsyncSequence, Sendable {
  struct AsyncIterator: AsyncIteratorProtocol {
    let handle: FileHandle
    mutating func next() async throws -> [UInt8]? {
      let data = try handle.read(upToCount: 64 * 1024) ?? Data()
      return data.isEmpty ? nil : Array(data)
    }
  }

  let path: String

  init(path: String) throws {
    guard FileManager.default.isReadableFile(atPath: path) else { throw CocoaError(.fileReadNoSuchFile) }
    self.path = path
  }

  func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(handle: FileHandle(forReadingAtPath: path) ?? .nullDevice)
  }
}
