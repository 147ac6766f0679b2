#if DEBUG
  import Synchronization

  /// Counts the bytes that parsers look at and the values they make, so that tests can prove work and memory linear
  /// without a clock. Debug builds only: in release builds `didLookAt` and `didMake` are nothing.
  package final class WorkMeter: Sendable {
    /// What was done for one input.
    package struct Work: Sendable, Hashable {
      /// Bytes, each as often as it was looked at.
      package var lookedAt: Int
      /// JSON values, and the places that are set aside for members.
      package var values: Int
      /// Bytes of the texts that were made.
      package var bytes: Int
    }

    @TaskLocal private static var current: WorkMeter?
    private let lookedAt = Atomic<Int>(0)
    private let values = Atomic<Int>(0)
    private let bytes = Atomic<Int>(0)

    private init() {}

    /// The bytes that `body` has looked at, each as often as it was.
    package static func measure(_ body: () throws -> Void) rethrows -> Int { try work(body).lookedAt }

    /// All that `body` has done.
    package static func work(_ body: () throws -> Void) rethrows -> Work {
      let meter = WorkMeter()
      try $current.withValue(meter, operation: body)
      return Work(
        lookedAt: meter.lookedAt.load(ordering: .relaxed), values: meter.values.load(ordering: .relaxed),
        bytes: meter.bytes.load(ordering: .relaxed))
    }

    static func add(lookedAt count: Int) {
      current?.lookedAt.wrappingAdd(count, ordering: .relaxed)
    }

    static func add(values count: Int, bytes: Int) {
      guard let current else { return }
      current.values.wrappingAdd(count, ordering: .relaxed)
      current.bytes.wrappingAdd(bytes, ordering: .relaxed)
    }
  }
#endif

/// Reports work of a parser to the meter of a test, if there is one.
@inline(__always)
func didLookAt(_ count: Int) {
  #if DEBUG
    WorkMeter.add(lookedAt: count)
  #endif
}

/// Reports what a parser has made to the meter of a test, if there is one.
@inline(__always)
func didMake(_ values: Int, bytes: Int) {
  #if DEBUG
    WorkMeter.add(values: values, bytes: bytes)
  #endif
}
