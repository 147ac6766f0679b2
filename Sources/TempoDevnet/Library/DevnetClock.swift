public import MPPCore

/// The clock of an embedded chain, to be shared with the program under test: both then see the same time.
public struct DevnetClock: WallClock {
  let shared: DevnetShared

  /// The chain's time, offset included; blocks are never earlier than their parents even when it is.
  public var now: Timestamp { shared.withCore { core, wall in core.clock.now(wall: wall) } }

  /// Moves the clock forward. No block is sealed by this; the next read or transaction sees the new time.
  public func advance(seconds: Int64) { advance(milliseconds: seconds.multipliedClamped(by: 1000)) }

  /// Moves the clock forward.
  public func advance(milliseconds: Int64) {
    shared.withCore { core, _ in core.clock.advance(milliseconds: milliseconds) }
  }

  /// Sets the clock. Blocks never go back in time even if the clock does.
  public func set(_ time: Timestamp) {
    shared.withCore { core, wall in core.clock.set(time, wall: wall) }
  }
}

/// Base and offset of the chain's time; part of what a snapshot stores.
struct ChainClock: Sendable, Hashable {
  private let manualBase: Timestamp?
  private(set) var offset: Int64 = 0

  init(_ clock: DevnetConfiguration.Clock) {
    switch clock {
    case .system: manualBase = nil
    case .manual(let start): manualBase = start
    }
  }

  func now(wall: Timestamp) -> Timestamp {
    (manualBase ?? wall).adding(milliseconds: offset)
  }

  mutating func advance(milliseconds: Int64) {
    let (sum, overflow) = offset.addingReportingOverflow(milliseconds)
    offset = overflow ? (milliseconds < 0 ? .min : .max) : sum
  }

  mutating func restore(offset: Int64) { self.offset = offset }

  mutating func set(_ time: Timestamp, wall: Timestamp) {
    let (difference, overflow) = time.milliseconds.subtractingReportingOverflow(
      (manualBase ?? wall).milliseconds)
    if !overflow { offset = difference }
  }
}

extension Int64 {
  func multipliedClamped(by factor: Int64) -> Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: factor)
    return overflow ? ((self < 0) == (factor < 0) ? .max : .min) : product
  }
}
