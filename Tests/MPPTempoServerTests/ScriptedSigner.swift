import EVM
import Synchronization

/// A signer that counts, runs something before it signs, and fails when it is told to.
final class ScriptedSigner: Signer {
  struct Failure: Error {}

  private struct State {
    var count = 0
    var failing: Set<Int> = []
    var before: (@Sendable () async throws -> Void)?
  }

  private let key: Secp256k1PrivateKey
  private let state = Mutex(State())

  init(_ key: Secp256k1PrivateKey) { self.key = key }

  var address: Address { key.address }
  /// Signatures that were asked for.
  var count: Int { state.withLock { $0.count } }

  /// The n-th signatures from now on, counted from zero, fail.
  func fail(_ numbers: Set<Int>) {
    state.withLock { state in state.failing = Set(numbers.map { $0 + state.count }) }
  }

  func onSign(_ body: @escaping @Sendable () async throws -> Void) { state.withLock { $0.before = body } }

  func sign(_ digest: Hash32) async throws -> [UInt8] {
    let (fails, before) = state.withLock { state in
      defer { state.count += 1 }
      return (state.failing.contains(state.count), state.before)
    }
    try await before?()
    if fails { throw Failure() }
    return key.sign(digest).bytes65
  }
}
