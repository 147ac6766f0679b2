#if DEBUG
  import Synchronization

  /// Counts the bytes that parsers look at, so that tests can prove the work linear without a clock. Debug builds
  /// only: in release builds `didLookAt` is nothing.
  package final class WorkMeter: Sendable {
    @TaskLocal private static var current: WorkMeter?
    private let bytes = Atomic<Int>(0)

    private init() {}

    /// The bytes that `body` has looked at, each as often as it was.
    package static func measure(_ body: () throws -> Void) rethrows -> Int {
      let meter = WorkMeter()
      try $current.withValue(meter, operation: body)
      return meter.bytes.load(ordering: .relaxed)
    }

    static func add(_ count: Int) {
      current?.bytes.wrappingAdd(count, ordering: .relaxed)
    }
  }
#endif

/// Reports work of a parser to the meter of a test, if there is one.
@inline(__always)
func didLookAt(_ count: Int) {
  #if DEBUG
    WorkMeter.add(count)
  #endif
}
