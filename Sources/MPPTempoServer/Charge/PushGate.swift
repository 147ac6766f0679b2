import MPPCore
import MPPServer
import Synchronization

/// Bounds what pushed payments cost before the chain has shown one: a challenge is free, and so is a hash that nobody has sent.
final class PushGate: Sendable {
  /// Presentations of one challenge that are looked at together.
  static let looksPerChallenge = 4
  /// Presentations that wait for their receipts.
  static let waits = 32
  /// Presentations of one challenge that are remembered.
  static let rememberedPerChallenge = 4
  /// Presentations that are remembered. Hashes that no node knows may take half of it.
  static let remembered = 2_048

  private struct State {
    var looks: [String: Int] = [:]
    var waits = 0
    var remembered: [ReplayKey: PushPresentation] = [:]
  }

  private let state = Mutex(State())

  /// Whether the node may be asked. One that may ends with ``endLook(_:)``.
  func beginLook(_ challengeID: String) -> Bool {
    state.withLock { state in
      let looks = state.looks[challengeID] ?? 0
      guard looks < Self.looksPerChallenge else { return false }
      state.looks[challengeID] = looks + 1
      return true
    }
  }

  func endLook(_ challengeID: String) {
    state.withLock { state in
      let looks = (state.looks[challengeID] ?? 1) - 1
      state.looks[challengeID] = looks > 0 ? looks : nil
    }
  }

  /// Whether there is room to wait for a receipt. One that may ends with ``endWait()``.
  func beginWait() -> Bool {
    state.withLock { state in
      guard state.waits < Self.waits else { return false }
      state.waits += 1
      return true
    }
  }

  func endWait() { state.withLock { $0.waits -= 1 } }

  /// Whether a presentation may be written down; it counts until its end.
  func admits(_ presentation: PushPresentation, now: Timestamp) -> Bool {
    state.withLock { state in
      let limit = presentation.isKnown ? Self.remembered : Self.remembered / 2
      if state.remembered.count >= limit {
        state.remembered = state.remembered.filter { $0.value.until >= now }
      }
      guard state.remembered[presentation.key] == nil else { return true }
      guard state.remembered.count < limit else { return false }
      let own = state.remembered.values.count { $0.challengeID.equalsBytes(of: presentation.challengeID) }
      guard own < Self.rememberedPerChallenge else { return false }
      state.remembered[presentation.key] = presentation
      return true
    }
  }
}
