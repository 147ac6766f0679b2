#if DEBUG
  import Synchronization

  /// Counts what the decoders of the chain's formats look at and make, so that tests can prove both linear without a
  /// clock. Debug builds only: in release builds `didLookAt` and `didMake` are nothing.
  package final class ChainWorkMeter: Sendable {
    /// What was done for one input.
    package struct Work: Sendable, Hashable {
      /// Bytes, each as often as it was read, hashed or written.
      package var lookedAt: Int
      /// Values: items of a list, words of a tuple, texts.
      package var items: Int
      /// Bytes that those values hold.
      package var bytes: Int
    }

    @TaskLocal private static var current: ChainWorkMeter?
    private let lookedAt = Atomic<Int>(0)
    private let items = Atomic<Int>(0)
    private let bytes = Atomic<Int>(0)

    private init() {}

    /// What `body` has done.
    package static func measure(_ body: () throws -> Void) rethrows -> Work {
      let meter = ChainWorkMeter()
      try $current.withValue(meter, operation: body)
      return Work(
        lookedAt: meter.lookedAt.load(ordering: .relaxed), items: meter.items.load(ordering: .relaxed),
        bytes: meter.bytes.load(ordering: .relaxed))
    }

    static func add(lookedAt count: Int) {
      current?.lookedAt.wrappingAdd(count, ordering: .relaxed)
    }

    static func add(items count: Int, bytes: Int) {
      guard let current else { return }
      current.items.wrappingAdd(count, ordering: .relaxed)
      current.bytes.wrappingAdd(bytes, ordering: .relaxed)
    }
  }
#endif

/// Reports bytes that were read to the meter of a test, if there is one.
@inline(__always)
func didLookAt(_ count: Int) {
  #if DEBUG
    ChainWorkMeter.add(lookedAt: count)
  #endif
}

/// Reports values that were made, and the bytes they hold, to the meter of a test, if there is one.
@inline(__always)
func didMake(_ items: Int, bytes: Int) {
  #if DEBUG
    ChainWorkMeter.add(items: items, bytes: bytes)
  #endif
}
