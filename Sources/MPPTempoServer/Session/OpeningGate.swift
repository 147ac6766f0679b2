import EVM
import MPPCore
import MPPServer
import Synchronization
import TempoRPC

/// Bounds the opens and top-ups under way in one step. Each may wait for its transaction for as long as that is valid, so
/// without a bound a few funded accounts could keep the node busy for everybody. Each step has a gate of its own: who can
/// fill one cannot keep others out of the next.
final class OpeningGate: Sendable {
  private struct State {
    var total = 0
    var byPayer: [Address: Int] = [:]
  }

  private let state = Mutex(State())
  private let copies = Lane<ChainIntent.Identity>()
  private let limit: Int
  private let limitPerPayer: Int
  /// Seconds; a transaction is included within a few.
  private static let retryAfter = 5

  init(limit: Int, limitPerPayer: Int) {
    self.limit = max(1, limit)
    self.limitPerPayer = max(1, limitPerPayer)
  }

  /// Runs `body` when there is room.
  /// - Throws: `PaymentProblem.unavailable` at once when there is none; nothing was done then.
  func run<T>(
    _ payer: Address, _ body: nonisolated(nonsending) () async throws -> T
  ) async throws -> T {
    try enter(payer)
    defer { leave(payer) }
    return try await body()
  }

  /// As ``run(_:_:)`` for one of perhaps many copies of a hand-over: they come one after the other, so that they take one place
  /// together and do not keep each other out.
  func run<T>(
    _ payer: Address, copyOf identity: ChainIntent.Identity,
    _ body: nonisolated(nonsending) () async throws -> T
  ) async throws -> T {
    do {
      return try await copies.run(identity) { try await run(payer, body) }
    } catch is LaneError {
      throw Self.full
    }
  }

  var count: Int { state.withLock { $0.total } }

  private func enter(_ payer: Address) throws(PaymentProblem) {
    let isAdmitted = state.withLock { state in
      let own = state.byPayer[payer] ?? 0
      guard state.total < limit, own < limitPerPayer else { return false }
      state.total += 1
      state.byPayer[payer] = own + 1
      return true
    }
    guard isAdmitted else { throw Self.full }
  }

  private static var full: PaymentProblem {
    .unavailable(reason: "too many channels are being opened or topped up", retryAfter: retryAfter)
  }

  private func leave(_ payer: Address) {
    state.withLock { state in
      state.total -= 1
      let own = (state.byPayer[payer] ?? 1) - 1
      state.byPayer[payer] = own > 0 ? own : nil
    }
  }
}
