import Testing

@testable import MPPStoreSQLite

/// When a batch waits for more, on a clock of its own.
@Suite struct GatheringTests {
  /// Arrivals at known times; sleeping moves the clock.
  private final class Scene {
    var now: UInt64 = 1_000_000_000
    var arrivals: [UInt64]
    var taken = 0
    var slept: [UInt64] = []
    var gathering = Gathering()

    init(arrivals: [UInt64] = []) { self.arrivals = arrivals.map { 1_000_000_000 + $0 } }

    /// Gathers one batch and says how many are in it.
    func batch(isDisturbed: Bool = false) -> Int {
      slept = []
      var gathering = gathering
      gathering.wait(
        { arrivals.filter { $0 <= now }.count - taken }, now: { now },
        sleep: { time in
          slept.append(time)
          if isDisturbed { return false }
          now += time
          return true
        })
      self.gathering = gathering
      let size = arrivals.filter { $0 <= now }.count - taken
      taken += size
      return size
    }
  }

  @Test func aSingleCallerNeverWaits() {
    let scene = Scene(arrivals: (0..<50).map { $0 * 400_000 })
    for _ in 0..<50 {
      #expect(scene.batch() == 1)
      #expect(scene.slept.isEmpty)
      scene.now += 400_000
    }
  }

  @Test func whileChangesKeepComingTransactionsBeginAtIntervals() {
    let scene = Scene(arrivals: (0..<1000).map { $0 * 100_000 })
    scene.now += 100_000
    #expect(scene.batch() == 2, "after a pause nothing has to be gathered")
    for _ in 0..<7 {
      scene.now += 300_000
      #expect((24...26).contains(scene.batch()))
      #expect(scene.slept.reduce(0, +) <= 2_500_000)
    }
  }

  @Test func aSlowDiskGathersByItself() {
    let scene = Scene(arrivals: (0..<1000).map { $0 * 100_000 })
    _ = scene.batch()
    for _ in 0..<20 {
      scene.now += 3_400_000
      #expect(scene.batch() == 34)
      #expect(scene.slept.isEmpty)
    }
  }

  @Test func aPauseWithoutNewsEndsTheWait() {
    let scene = Scene(arrivals: [0, 0, 0, 10_000_000])
    _ = scene.batch()
    scene.arrivals += [scene.now + 1, scene.now + 1]
    scene.now += 300_000
    #expect(scene.batch() == 2)
    #expect(scene.slept == [60_000, 190_000], "the glance alone says nothing")
  }

  @Test func whenEverybodyIsThereNobodyWaits() {
    // Eight callers who come back together 200 µs after each batch.
    let scene = Scene()
    for round in 0..<30 {
      scene.arrivals += (0..<8).map { _ in scene.now }
      #expect(scene.batch() == 8)
      #expect(scene.slept.isEmpty || round < 8)
      scene.now += 200_000
    }
  }

  @Test func aFewCallersWhoComeBackAtOnceWaitForAGlance() {
    // Eight callers: the first comes back as the batch begins, the others 20 µs later.
    let scene = Scene()
    for round in 0..<30 {
      let isKnown = round >= 8
      scene.arrivals += [scene.now] + (0..<7).map { _ in scene.now + (isKnown ? 20_000 : 0) }
      #expect(scene.batch() == 8)
      #expect(scene.slept == [60_000] || !isKnown)
      scene.now += 200_000
    }
  }

  @Test func otherWorkEndsTheWait() {
    let scene = Scene(arrivals: (0..<100).map { $0 * 100_000 })
    _ = scene.batch()
    scene.now += 300_000
    #expect(scene.batch(isDisturbed: true) == 3)
    #expect(scene.slept.count == 1)
  }
}
