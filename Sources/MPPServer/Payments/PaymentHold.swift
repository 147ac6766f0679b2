public import MPPCore

/// A price set aside in the ledger while the handler runs. Made by a ``ServerMethod``; exactly one of commit and release has its
/// effect, exactly once, called by ``Payment``.
///
/// Both may be called from a cancelled task and must have their effect all the same. They return when the
/// change is applied and queued, not when it is durable: a crash in between leaves the hold to its lease,
/// so the seller may lose the responses of one group commit and the buyer never pays for nothing.
///
/// A hold that is dropped without either of them counts as released.
public protocol PaymentHold: Sendable {
  /// The first byte of the response is about to be sent. From here on nobody else gives the price back.
  ///
  /// - Returns: nil to go on; or why the price is not held any more, for example because the payer has closed
  ///   the channel: then nothing of the content may be sent.
  func begin() -> PaymentProblem?
  /// The response was handed to the transport: the held price is spent.
  func commit() async
  /// Nothing was delivered: the held price becomes available again.
  func release() async
  /// As ``commit()`` and ``release()`` without suspending. `false`: nothing was done, because it takes a suspension; the default.
  func commitNow() -> Bool
  /// ``release()`` without suspending; `false` as with ``commitNow()``.
  func releaseNow() -> Bool
}

extension PaymentHold {
  /// The default: nothing is done, and ``commit()`` has to be called.
  public func commitNow() -> Bool { false }
  /// The default: nothing is done, and ``release()`` has to be called.
  public func releaseNow() -> Bool { false }
  /// The default: the price stays held, however long the handler took.
  public func begin() -> PaymentProblem? { nil }
}
