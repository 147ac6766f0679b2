import Synchronization

/// Whether a node is on the chain it is taken for. Shared by the clients of one node.
final class ChainIdentity: Sendable {
  let expected: UInt64
  private let wasRight = Atomic<Bool>(false)

  init(_ expected: UInt64) { self.expected = expected }

  var isProved: Bool { wasRight.load(ordering: .relaxed) }

  func prove(_ actual: UInt64) -> Bool {
    guard actual == expected else { return false }
    wasRight.store(true, ordering: .relaxed)
    return true
  }
}
