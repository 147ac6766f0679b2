import Testing

@testable import MPPStoreSQLite

/// The thread of a file is woken when it sleeps, and only then: a signal that nobody waits for would end its next sleep at once, and with
/// it the gathering of a batch.
@Suite struct WriterQueueTests {
  private final class Scene {
    private var queue = WriterQueue<Int>()

    enum Admission: Equatable { case accepted, wakes, full, closing }

    func add(_ job: Int, limit: Int? = nil) -> Admission {
      switch queue.add(job, limit: limit) {
      case .accepted(let wakes): wakes ? .wakes : .accepted
      case .full: .full
      case .closing: .closing
      }
    }

    func take() -> [Int] { queue.take() }
    func sleep() -> Bool { queue.sleep() }
    func wakeUp() -> Bool { queue.wakeUp() }
    func close() -> Bool { queue.close() }
  }

  private let scene = Scene()

  @Test func whatComesWhileTheThreadSleepsWakesItOnce() {
    #expect(scene.sleep())
    #expect(scene.add(1) == .wakes)
    #expect(scene.add(2) == .accepted, "it is awake already")
    #expect(scene.take() == [1, 2])
  }

  @Test func whatComesWhileTheThreadWorksWakesNobody() {
    #expect(scene.add(1) == .accepted)
    #expect(scene.take() == [1])
    #expect(scene.take() == [], "looked again after gathering")
    #expect(scene.add(2) == .accepted)
    #expect(!scene.sleep(), "there is something to do")
    #expect(scene.add(3) == .accepted)
    #expect(scene.take() == [2, 3])
  }

  @Test func whoWakesByItselfIsNotWokenAsWell() {
    #expect(scene.sleep())
    #expect(!scene.wakeUp())
    #expect(scene.add(1) == .accepted)
  }

  @Test func aSignalThatMeetsTheEndOfTheSleepIsKnown() {
    #expect(scene.sleep())
    #expect(scene.add(1) == .wakes)
    #expect(scene.wakeUp())
  }

  @Test func aClosedQueueTakesNothingAndWakesTheThreadOnce() {
    #expect(scene.sleep())
    #expect(scene.close())
    #expect(!scene.close())
    #expect(!scene.sleep(), "it has to end")
    #expect(scene.add(1) == .closing)
    #expect(scene.take() == [])
  }

  @Test func aFullQueueRefusesWorkThatIsNotAdmitted() {
    for job in 0..<3 { #expect(scene.add(job, limit: 3) == .accepted) }
    #expect(scene.add(3, limit: 3) == .full)
    #expect(scene.add(4) == .accepted)
    #expect(scene.take() == [0, 1, 2, 4])
  }
}
