import MPPClient
import Synchronization
import Testing

private final class Served: Sendable {
  private let stored = Mutex<[Int]>([])
  var numbers: [Int] { stored.withLock { $0 } }
  func add(_ number: Int) { stored.withLock { $0.append(number) } }
}

@Suite("First come, first served")
struct FIFOPermitsTests {
  @Test("Waiters are served in order")
  func order() async throws {
    let permits = FIFOPermits(count: 1)
    let served = Served()
    try await permits.acquire()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<20 {
        group.addTask {
          try await permits.acquire()
          served.add(number)
          permits.release()
        }
        while permits.waiting < number + 1 { await Task.yield() }
      }
      permits.release()
      try await group.waitForAll()
    }
    #expect(served.numbers == Array(0..<20))
  }

  @Test("Nobody passes one who waits for all")
  func all() async throws {
    let permits = FIFOPermits(count: 4)
    try await permits.acquire()
    let everything = Task { try await permits.acquire(4) }
    while permits.waiting < 1 { await Task.yield() }
    #expect(!permits.tryAcquire())
    permits.release()
    try await everything.value
    #expect(!permits.tryAcquire())
    permits.release(4)
    #expect(permits.tryAcquire())
  }

  @Test("A cancelled waiter holds nothing and lets the next one in")
  func cancellation() async throws {
    let permits = FIFOPermits(count: 2)
    try await permits.acquire()
    let large = Task { try await permits.acquire(2) }
    while permits.waiting < 1 { await Task.yield() }
    let small = Task { try await permits.acquire(1) }
    while permits.waiting < 2 { await Task.yield() }
    large.cancel()
    await #expect(throws: CancellationError.self) { try await large.value }
    try await small.value
    permits.release(2)
    try await permits.acquire(2)
  }

  @Test("Too many waiters is an error")
  func overload() async throws {
    let permits = FIFOPermits(count: 1, maximumWaiters: 0)
    try await permits.acquire()
    await #expect(throws: FIFOPermits.Overloaded.self) { try await permits.acquire() }
  }
}
