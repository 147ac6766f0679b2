/// The body of a response: a sequence of chunks that can be read once.
public struct ResponseBody: AsyncSequence, Sendable {
  public typealias Element = [UInt8]
  public typealias Failure = any Error

  public struct AsyncIterator: AsyncIteratorProtocol {
    private let produce: () async throws -> [UInt8]?
    package init(_ produce: @escaping () async throws -> [UInt8]?) { self.produce = produce }
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

public struct ByteCount: Sendable, Hashable {
  public let bytes: Int
  public static func bytes(_ count: Int) -> ByteCount { ByteCount(bytes: max(0, count)) }
  public static func kibibytes(_ count: Int) -> ByteCount {
    bytes(count.multipliedReportingOverflow(by: 1 << 10).0)
  }
  public static func mebibytes(_ count: Int) -> ByteCount {
    bytes(count.multipliedReportingOverflow(by: 1 << 20).0)
  }
}

public struct ResponseBodyTooLarge: Error, Sendable {
  public let limit: Int
}
