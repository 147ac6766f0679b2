import MPPCore
import Synchronization
import Testing

@Suite struct LaneTests {
  private final class Guarded<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    func withLock<T: Sendable>(_ body: @Sendable (inout Value) -> T) -> T { value.withLock { body(&$0) } }
  }

  /// Opens once; tests wait at it instead of sleeping.
  private final class Gate: Sendable {
    private struct State {
      var isOpen = false
      var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    func wait() async {
      await withCheckedContinuation { continuation in
        let isOpen = state.withLock { state in
          if !state.isOpen { state.waiting.append(continuation) }
          return state.isOpen
        }
        if isOpen { continuation.resume() }
      }
    }

    func open() {
      let waiting = state.withLock { state in
        state.isOpen = true
        let waiting = state.waiting
        state.waiting = []
        return waiting
      }
      for continuation in waiting { continuation.resume() }
    }
  }

  @Test func oneAtATimeInTheOrderOfArrival() async throws {
    let lane = Lane<Int>()
    let gate = Gate()
    let order = Guarded<[Int]>([])
    let entered = Gate()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        try await lane.run(1) {
          entered.open()
          await gate.wait()
        }
      }
      await entered.wait()
      for number in 1...20 {
        group.addTask { try await lane.run(1) { order.withLock { $0.append(number) } } }
        while lane.waiting(for: 1) < number { await Task.yield() }
      }
      gate.open()
      try await group.waitForAll()
    }
    #expect(order.withLock { $0 } == Array(1...20))
    #expect(lane.waiting(for: 1) == 0)
  }

  @Test func neverTwoInsideAndOtherKeysDoNotWait() async throws {
    let lane = Lane<Int>(maximumWaiters: 1000)
    let inside = Guarded<[Int: Int]>([:])
    let worst = Guarded(0)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<400 {
        group.addTask {
          try await lane.run(number % 4) {
            let count = inside.withLock { inside in
              inside[number % 4, default: 0] += 1
              return inside[number % 4] ?? 0
            }
            worst.withLock { $0 = max($0, count) }
            await Task.yield()
            inside.withLock { $0[number % 4, default: 0] -= 1 }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(worst.withLock { $0 } == 1)
  }

  @Test func aThrowingBodyFreesTheLane() async throws {
    let lane = Lane<Int>()
    await #expect(throws: LaneError.full) { try await lane.run(1) { throw LaneError.full } }
    #expect(try await lane.run(1) { 7 } == 7)
  }

  @Test func tooManyWaitersAreRefusedAtOnce() async throws {
    let lane = Lane<Int>(maximumWaiters: 2)
    let gate = Gate()
    let entered = Gate()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        try await lane.run(1) {
          entered.open()
          await gate.wait()
        }
      }
      await entered.wait()
      for number in 1...2 {
        group.addTask { try await lane.run(1) {} }
        while lane.waiting(for: 1) < number { await Task.yield() }
      }
      await #expect(throws: LaneError.full) { try await lane.run(1) {} }
      try await lane.run(2) {}
      gate.open()
      try await group.waitForAll()
    }
    try await lane.run(1) {}
  }

  /// Others can neither keep such work out nor be served before it.
  @Test func whoGoesAheadHasPlacesOfTheirOwn() async throws {
    let lane = Lane<Int>(maximumWaiters: 2)
    let gate = Gate()
    let entered = Gate()
    let order = Guarded<[Int]>([])
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        try await lane.run(1) {
          entered.open()
          await gate.wait()
        }
      }
      await entered.wait()
      for number in 1...4 {
        group.addTask {
          try await lane.run(1, isAhead: number > 2) { order.withLock { $0.append(number) } }
        }
        while lane.waiting(for: 1) < number { await Task.yield() }
      }
      for isAhead in [false, true] {
        await #expect(throws: LaneError.full) { try await lane.run(1, isAhead: isAhead) {} }
      }
      gate.open()
      try await group.waitForAll()
    }
    #expect(order.withLock { $0 } == [3, 4, 1, 2])
  }

  @Test func nobodyWaitsWhoOnlyWantsAFreeLane() async throws {
    let lane = Lane<Int>()
    let (same, other): (Bool?, Bool?) = try await lane.run(1) {
      let same = try await lane.runIfFree(1) { true }
      let other = try await lane.runIfFree(2) { true }
      return (same, other)
    }
    #expect(same == nil && other == true)
    await #expect(throws: LaneError.full) { try await lane.runIfFree(1) { throw LaneError.full } }
    let free = try await lane.runIfFree(1) { true }
    #expect(free == true)
    try await lane.run(1) {}
  }

  @Test func aCancelledWaiterLeavesWithoutRunning() async throws {
    let lane = Lane<Int>()
    let gate = Gate()
    let entered = Gate()
    let ran = Guarded(false)
    let holder = Task {
      try await lane.run(1) {
        entered.open()
        await gate.wait()
      }
    }
    await entered.wait()
    let waiter = Task { try await lane.run(1) { ran.withLock { $0 = true } } }
    while lane.waiting(for: 1) == 0 { await Task.yield() }
    let last = Task { try await lane.run(1) { 5 } }
    while lane.waiting(for: 1) < 2 { await Task.yield() }
    waiter.cancel()
    await #expect(throws: CancellationError.self) { try await waiter.value }
    #expect(lane.waiting(for: 1) == 1)
    gate.open()
    try await holder.value
    #expect(try await last.value == 5)
    #expect(!ran.withLock { $0 })
  }

  @Test func cancellationStormsLeaveTheLaneFree() async throws {
    let lane = Lane<Int>(maximumWaiters: 10_000)
    for _ in 0..<20 {
      await withTaskGroup(of: Void.self) { group in
        for number in 0..<50 {
          group.addTask {
            let task = Task { try await lane.run(1) { await Task.yield() } }
            if number.isMultiple(of: 2) { task.cancel() }
            _ = try? await task.value
          }
        }
      }
    }
    #expect(lane.waiting(for: 1) == 0)
    #expect(try await lane.run(1) { true })
  }
}
