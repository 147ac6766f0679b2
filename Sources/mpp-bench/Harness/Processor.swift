import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Which processors a process may use, and how much of them it has used.
enum Processor {
  #if canImport(Glibc)
    /// The system's calls are behind a feature macro that Swift's module does not set.
    private typealias Get = @convention(c) (Int32, Int, UnsafeMutableRawPointer) -> Int32
    private typealias Set = @convention(c) (Int32, Int, UnsafeRawPointer) -> Int32

    private static func call<Function>(_ name: String, as type: Function.Type) -> Function? {
      dlsym(nil, name).map { unsafeBitCast($0, to: type) }
    }
  #endif

  /// Bytes of the system's set of processors.
  private static let setSize = 128

  /// The processors this process may run on, ascending; empty where the system does not tell.
  static func allowed() -> [Int] {
    var set = [UInt8](repeating: 0, count: setSize)
    #if canImport(Glibc)
      guard let get = call("sched_getaffinity", as: Get.self), get(0, setSize, &set) >= 0 else { return [] }
    #endif
    return (0..<setSize * 8).filter { set[$0 / 8] & (1 << UInt8($0 % 8)) != 0 }
  }

  /// Keeps every thread there is, and every thread these start from now on, on one processor. The system's call is for one thread: those
  /// that run tasks may have been started by another than the caller's.
  /// - Returns: `false` where the system cannot do it.
  @discardableResult static func pin(to processor: Int) -> Bool {
    guard (0..<setSize * 8).contains(processor) else { return false }
    var set = [UInt8](repeating: 0, count: setSize)
    set[processor / 8] |= 1 << UInt8(processor % 8)
    #if canImport(Glibc)
      guard let change = call("sched_setaffinity", as: Set.self) else { return false }
      // A thread that has ended meanwhile needs no processor.
      for thread in threads() { _ = change(thread, setSize, set) }
      return change(0, setSize, set) == 0
    #else
      return false
    #endif
  }

  /// From now on no thread of this process interrupts a running one when it wakes (`SCHED_BATCH`); threads these start do as they do.
  /// - Returns: `false` where the system cannot do it.
  static func scheduleAsBatch() -> Bool {
    #if canImport(Glibc)
      var parameters = sched_param()
      for thread in threads() { sched_setscheduler(thread, batchPolicy, &parameters) }
      return sched_setscheduler(0, batchPolicy, &parameters) == 0
    #else
      return false
    #endif
  }

  #if canImport(Glibc)
    /// `SCHED_BATCH`, which Swift's module does not have.
    private static let batchPolicy: Int32 = 3

    private static func threads() -> [Int32] {
      let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
      return (names ?? []).compactMap { Int32($0) }
    }
  #endif

  /// Processor time of this process, user and system, in microseconds.
  static func usedMicroseconds() -> Double {
    var usage = rusage()
    #if canImport(Glibc)
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    #else
      getrusage(RUSAGE_SELF, &usage)
    #endif
    func microseconds(_ time: timeval) -> Double { Double(time.tv_sec) * 1e6 + Double(time.tv_usec) }
    return microseconds(usage.ru_utime) + microseconds(usage.ru_stime)
  }
}
