public import HTTPTypes
public import MPPCore
import Synchronization

/// A verified payment for one content request. The adapter runs the handler, asks ``begin()`` before the first
/// byte of the response is sent, and then reports, once, whether the response was handed over: the held price
/// is committed or released accordingly.
///
/// The first report wins; later ones do nothing. A payment that is dropped without a report counts as
/// failed: its hold is released by the server's background task, or at the latest by the hold's lease.
public final class Payment: Sendable {
  /// What it was paid with, on a route with several offers.
  public var method: MethodKey { observer.method }
  /// Whether this payment buys one response (``ServerMethod/isOneTime``). Who has read a part of it and left has had it: report
  /// ``delivered()`` when the reader leaves after the first byte, or the next presentation buys a whole one again.
  public var isOneTime: Bool { observer.isOneTime }
  /// Who paid, as proved by a signature; `nil` when the method proves no identity.
  public var source: VerifiedSource? { verified.source }
  /// The price of this request, in base units.
  public var amount: Amount { verified.amount }
  /// The challenge that was paid.
  public let challengeID: String
  /// What the receipt refers to: a channel id or a transaction hash.
  public var reference: String { verified.reference }
  /// The `Payment-Receipt` field value. It is true as of now: the record it was built from is durable.
  public var receipt: String { verified.receipt }
  /// Attach the receipt to 4xx answers as well (`01` §6).
  let receiptOnErrors: Bool

  // open → delivered | failed. Both are final.
  private let state = Atomic<UInt8>(0)
  private let verified: VerifiedPayment
  private let isCharged: Bool
  private let observer: PaymentObserver
  /// `nil`: nothing is decided by how the delivery ends.
  private var hold: (any PaymentHold)? { isCharged ? nil : verified.hold }

  /// - Parameter isCharged: the price was charged before the handler runs.
  init(
    _ verified: VerifiedPayment, isCharged: Bool, challengeID: String, receiptOnErrors: Bool,
    observer: PaymentObserver
  ) {
    self.verified = verified
    self.isCharged = isCharged
    self.challengeID = challengeID
    self.receiptOnErrors = receiptOnErrors
    self.observer = observer
  }

  deinit {
    guard state.load(ordering: .relaxed) == 0, let hold else { return }
    observer.abandoned(hold, challengeID: challengeID, reference: reference, amount)
  }

  /// Whether a response with this status is charged: a handler that answers 500 or above is not (DESIGN §4).
  public static func isCharged(status: Int) -> Bool { status < 500 }

  /// Completes the head of the handler's response: the receipt on 2xx and 3xx, and `private` in
  /// `Cache-Control` wherever the receipt is. Call it before the head is sent, also of a response that reports ``failed()``: with
  /// ``ChargeTiming/beforeHandler`` every response is charged, and ``Compatibility/receiptOnErrors`` is for all that are.
  ///
  /// - Returns: whether the response carries the receipt.
  @discardableResult
  public func finish(status: Int, headers: inout HTTPFields) -> Bool {
    let isError = status >= 400
    guard isCharged || Self.isCharged(status: status), !isError || receiptOnErrors else { return false }
    ResponseHeaders.attach(receipt: receipt, to: &headers)
    return true
  }

  /// The handler has answered and its response is about to be sent. Call it once, before the first byte; for a
  /// response that is not charged call ``failed()`` instead.
  ///
  /// From here on a close charges the price, because the payer may be reading already. Until here it gives the
  /// price back when the handler takes longer than the hold's lease.
  ///
  /// - Returns: nil to send the response; or why the price is not held any more. The payment has failed then; send what
  ///   ``PaymentServer/refusal(of:to:for:)`` makes of it, and nothing of the content.
  public func begin() -> PaymentProblem? {
    guard let problem = hold?.begin() else { return nil }
    if resolve(as: 2) { observer.resolved(self, wasDelivered: false) }
    return problem
  }

  /// The whole response was handed to the transport: the price is charged. Not affected by cancellation.
  ///
  /// The charge is applied when this returns, and on disk a moment later. A crash in between undoes it, in
  /// the payer's favour.
  public func delivered() async {
    guard resolve(as: 1) else { return }
    await hold?.commit()
    observer.resolved(self, wasDelivered: true)
  }

  /// The handler threw or answered 500 and above, or the response could not be written: nothing is charged.
  /// Not affected by cancellation.
  ///
  /// With ``ChargeTiming/beforeHandler``, or a payment that was made on the chain, the money stays paid; the
  /// method decides what it still buys.
  public func failed() async {
    guard resolve(as: 2) else { return }
    await hold?.release()
    observer.resolved(self, wasDelivered: false)
  }

  /// As ``delivered()`` from where one cannot wait, for example an event loop.
  public func deliveredNow() {
    guard resolve(as: 1) else { return }
    if hold?.commitNow() ?? true { return observer.resolved(self, wasDelivered: true) }
    Task {
      await hold?.commit()
      observer.resolved(self, wasDelivered: true)
    }
  }

  /// As ``failed()`` from where one cannot wait.
  public func failedNow() {
    guard resolve(as: 2) else { return }
    if hold?.releaseNow() ?? true { return observer.resolved(self, wasDelivered: false) }
    Task {
      await hold?.release()
      observer.resolved(self, wasDelivered: false)
    }
  }

  /// Whether ``delivered()`` or ``failed()`` has been called.
  public var isResolved: Bool { state.load(ordering: .relaxed) != 0 }

  private func resolve(as outcome: UInt8) -> Bool {
    state.compareExchange(expected: 0, desired: outcome, ordering: .acquiringAndReleasing).exchanged
  }
}
