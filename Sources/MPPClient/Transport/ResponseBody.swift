/// The body of a response: a sequence of chunks that can be read once.
public struct ResponseBody: AsyncSequence, Sendable {
  /// A chunk of the body, of any size.
  public typealias Element = [UInt8]
  /// What the connection reports.
  public typealias Failure = any Error

  /// Reads the body once, for one task.
  public struct AsyncIterator: AsyncIteratorProtocol {
    private let produce: () async throws -> [UInt8]?
    package init(_ produce: @escaping () async throws -> [UInt8]?) { self.produce = produce }
    /// The next chunk; nil at the end. Throws what the connection reports: the body is not complete then.
    public mutating func next() async throws -> [UInt8]? { try await produce() }
  }

  private let make: @Sendable () -> AsyncIterator

  /// A body whose bytes are at hand.
  public init(_ bytes: [UInt8] = []) {
    make = {
      var rest: [UInt8]? = bytes.isEmpty ? nil : bytes
      return AsyncIterator {
        defer { rest = nil }
        return rest
      }
    }
  }

  /// A body that arrives in chunks.
  public init<Chunks: AsyncSequence & Sendable>(_ chunks: Chunks) where Chunks.Element == [UInt8] {
    make = {
      var iterator = chunks.makeAsyncIterator()
      return AsyncIterator { try await iterator.next() }
    }
  }

  /// Call it once: the bytes of a connection are there once.
  public func makeAsyncIterator() -> AsyncIterator { make() }

  /// Reads the whole body.
  /// - Throws: `ResponseBodyTooLarge` beyond `limit` bytes, or what the connection reported.
  public func bytes(upTo limit: ByteCount = .mebibytes(10)) async throws -> [UInt8] {
    var collected: [UInt8] = []
    for try await chunk in self {
      guard collected.count + chunk.count <= limit.bytes else {
        throw ResponseBodyTooLarge(limit: limit.bytes)
      }
      collected += chunk
    }
    return collected
  }

  /// Reads the whole body as UTF-8; invalid sequences are replaced.
  public func text(upTo limit: ByteCount = .mebibytes(10)) async throws -> String {
    String(decoding: try await bytes(upTo: limit), as: UTF8.self)
  }
}

/// A limit in bytes; never negative.
public struct ByteCount: Sendable, Hashable {
  /// Bytes; zero or more.
  public let bytes: Int
  /// A negative count is zero.
  public static func bytes(_ count: Int) -> ByteCount { ByteCount(bytes: max(0, count)) }
  /// Units of 1024 bytes.
  public static func kibibytes(_ count: Int) -> ByteCount { multiple(count, of: 1 << 10) }
  /// Units of 1 048 576 bytes.
  public static func mebibytes(_ count: Int) -> ByteCount { multiple(count, of: 1 << 20) }

  /// More than there can be is as much as there can be.
  private static func multiple(_ count: Int, of unit: Int) -> ByteCount {
    let (product, overflow) = max(0, count).multipliedReportingOverflow(by: unit)
    return bytes(overflow ? .max : product)
  }
}

/// A body had more bytes than the caller wanted to read; what was read of it is gone.
public struct ResponseBodyTooLarge: Error, Sendable {
  /// In bytes, as given to the read.
  public let limit: Int
}
