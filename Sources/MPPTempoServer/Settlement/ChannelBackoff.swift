import EVM
import MPPCore
import Synchronization

/// How long something that fails for a channel is left alone: one failure may be chance and costs no time, from the second on the
/// pause doubles, up to a bound.
///
/// In memory only: after a restart everything is tried at once. What has a deadline, as a forced close has, does not ask.
final class ChannelBackoff: Sendable {
  private struct Failures {
    var count: Int
    var last: Timestamp

    /// A clock that was set back says nothing about the time that has passed.
    func areOver(_ now: Timestamp, _ pause: (Int) -> Int64) -> Bool {
      let (elapsed, overflow) = now.milliseconds.subtractingReportingOverflow(last.milliseconds)
      return overflow || elapsed < 0 || elapsed >= pause(count)
    }
  }

  private let failures = Mutex<[Hash32: Failures]>([:])
  private let pause: Int64
  private let capacity: Int
  /// How often the pause is doubled at most.
  static let doublings = 6

  /// - Parameters:
  ///   - pause: milliseconds, to be doubled.
  ///   - capacity: channels that are remembered at once; further ones are tried whenever they are due.
  init(pause: Int64, capacity: Int = 65_536) {
    self.pause = max(0, pause)
    self.capacity = capacity
  }

  func allows(_ id: Hash32, now: Timestamp) -> Bool {
    failures.withLock { $0[id]?.areOver(now, length) ?? true }
  }

  func failed(_ id: Hash32, now: Timestamp) {
    failures.withLock { failures in
      if failures[id] == nil, failures.count >= capacity {
        failures = failures.filter { !$0.value.areOver(now, length) }
        guard failures.count < capacity else { return }
      }
      let count = failures[id]?.count ?? 0
      failures[id] = Failures(count: min(count + 1, Self.doublings + 1), last: now)
    }
  }

  func succeeded(_ id: Hash32) { failures.withLock { _ = $0.removeValue(forKey: id) } }

  private func length(_ count: Int) -> Int64 {
    guard count > 1 else { return 0 }
    let (length, overflow) = pause.multipliedReportingOverflow(by: 1 << Int64(count - 1))
    return overflow ? .max : length
  }
}
