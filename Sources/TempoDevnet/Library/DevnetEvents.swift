/// What happens on a chain, as ``Devnet/events()`` tells it.
public enum DevnetEvent: Sendable {
  /// A request was answered.
  case request(DevnetRequest)
  /// A transaction is in a block; its decoded logs are in the receipt.
  case transaction(DevnetReceipt)
}

extension Devnet {
  /// What happens from now on, in order. A reader that is slow by more than a thousand events loses the oldest.
  public func events() -> AsyncStream<DevnetEvent> {
    AsyncStream(bufferingPolicy: .bufferingNewest(1_000)) { continuation in
      let id = shared.observe(continuation)
      continuation.onTermination = { [shared] _ in shared.stopObserving(id) }
    }
  }
}
