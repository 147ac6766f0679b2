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

  /// Keeps the calling thread, and every thread it starts from now on, on one processor. Call it first.
  /// - Returns: `false` where the system cannot do it.
  @discardableResult static func pin(to processor: Int) -> Bool {
    guard (0..<setSize * 8).contains(processor) else { return false }
    var set = [UInt8](repeating: 0, count: setSize)
    set[processor / 8] |= 1 << UInt8(processor % 8)
    #if canImport(Glibc)
      guard let change = call("sched_setaffinity", as: Set.self) else { return false }
      return change(0, setSize, set) == 0
    #else
      return false
    #endif
  }

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
