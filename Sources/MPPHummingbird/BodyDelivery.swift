import Synchronization

/// What the channel knows of a response that reports for itself: its body says what broke off and how much was taken until then, the
/// channel what became of the last part.
final class BodyDelivery: Sendable {
  private let lastPart = Atomic<Bool>(false)
  private let cut = Atomic<Bool>(false)

  /// The last part has passed the channel's handler, which reports from here on.
  var isLeaving: Bool { lastPart.load(ordering: .acquiring) }
  /// The server has closed the connection under it: nobody has left.
  var isCutOff: Bool { cut.load(ordering: .acquiring) }

  func leaves() { lastPart.store(true, ordering: .releasing) }
  func cutOff() { cut.store(true, ordering: .releasing) }
}
