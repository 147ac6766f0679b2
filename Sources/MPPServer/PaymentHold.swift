/// A price set aside in the ledger while the handler runs. Made by a ``ServerMethod``; exactly one of the
/// two functions is called, exactly once, by ``Payment``.
///
/// Both may be called from a cancelled task and must have their effect all the same. They return when the
/// change is applied and queued, not when it is durable: a crash in between leaves the hold to its lease,
/// so the seller may lose the responses of one group commit and the buyer never pays for nothing.
public protocol PaymentHold: Sendable {
  /// The response was handed to the transport: the held price is spent.
  func commit() async
  /// Nothing was delivered: the held price becomes available again.
  func release() async
}
