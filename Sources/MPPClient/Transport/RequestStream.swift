import Synchronization

/// A request body that is produced while it is sent.
///
/// A request is paid for by sending it once more, with a credential. A body that can be read only once is therefore good for free
/// resources alone: where payment is asked for, the client refuses before it signs anything.
public struct RequestStream: Sendable {
  /// The chunks of one sending.
  public struct Chunks: AsyncSequence, Sendable {
    /// A chunk of the body, of any size.
    public typealias Element = [UInt8]
    /// What the source throws.
    public typealias Failure = any Error

    /// Reads one sending of the body, for one task.
    public struct AsyncIterator: AsyncIteratorProtocol {
      fileprivate let produce: () async throws -> [UInt8]?
      /// The next chunk; nil at the end. Throws what the source throws.
      public mutating func next() async throws -> [UInt8]? { try await produce() }
    }

    private let make: @Sendable () -> AsyncIterator

    fileprivate init<Source: AsyncSequence & Sendable>(_ source: Source) where Source.Element == [UInt8] {
      make = {
        var iterator = source.makeAsyncIterator()
        return AsyncIterator { try await iterator.next() }
      }
    }

    /// Call it once for each ``RequestStream/chunks()``.
    public func makeAsyncIterator() -> AsyncIterator { make() }
  }

  /// A body that can be read once was asked for again.
  public struct AlreadyRead: Error {}

  /// Bytes in all when known; then they must be as many.
  public let length: Int?
  /// Whether every sending reads the same bytes from the start.
  public let isReplayable: Bool
  private let open: @Sendable () throws -> Chunks

  /// A body that can be read once, such as one that is received elsewhere.
  public static func once<Source: AsyncSequence & Sendable>(
    _ chunks: Source, length: Int? = nil
  ) -> RequestStream where Source.Element == [UInt8] {
    let isTaken = Once()
    return RequestStream(length: length, isReplayable: false) {
      guard isTaken.take() else { throw AlreadyRead() }
      return Chunks(chunks)
    }
  }

  /// A body that can be read again, such as a file.
  /// - Parameter open: called for every sending, and once for the digest; each time the same bytes.
  public static func replayable<Source: AsyncSequence & Sendable>(
    length: Int? = nil, _ open: @escaping @Sendable () throws -> Source
  ) -> RequestStream where Source.Element == [UInt8] {
    RequestStream(length: length, isReplayable: true) { Chunks(try open()) }
  }

  private init(length: Int?, isReplayable: Bool, open: @escaping @Sendable () throws -> Chunks) {
    self.length = length
    self.isReplayable = isReplayable
    self.open = open
  }

  /// The body from its start.
  /// - Throws: ``AlreadyRead``, or what the source throws.
  public func chunks() throws -> Chunks { try open() }

  private final class Once: Sendable {
    private let isTaken = Atomic<Bool>(false)
    func take() -> Bool {
      isTaken.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
    }
  }
}
