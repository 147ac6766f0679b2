public import Hummingbird
public import MPPServer

/// A request context that carries the payment of its request.
public protocol PaidContext: RequestContext {
  /// The payment, on routes behind a ``PaymentMiddleware``; `nil` elsewhere.
  var paymentIfPresent: Payment? { get set }
  /// The connection of the request, made in `init(source:)`; with it short paid responses leave in one write. `nil` is always right,
  /// and the default.
  var connection: PaidConnection? { get }
}

extension PaidContext {
  /// The default: responses leave as Hummingbird writes them.
  public var connection: PaidConnection? { nil }

  /// The payment of this request. Only for handlers of gated routes: elsewhere the program stops with a
  /// message, because serving such a route for nothing would be the worse mistake.
  public var payment: Payment {
    guard let payment = paymentIfPresent else {
      preconditionFailure(
        "context.payment on a route that is not paid: put it behind .add(middleware: payments.session(…)), "
          + "or use context.paymentIfPresent")
    }
    return payment
  }
}

/// The context to start from when an application needs nothing but payments.
public struct PaidRequestContext: PaidContext {
  /// Hummingbird's own part.
  public var coreContext: CoreRequestContextStorage
  /// Set by the gate before the handler runs; `nil` on routes that are not paid.
  public var paymentIfPresent: Payment?
  /// Made for this request; short paid responses leave in one write.
  public let connection: PaidConnection?

  /// Called by Hummingbird for each request.
  public init(source: Source) {
    coreContext = .init(source: source)
    paymentIfPresent = nil
    connection = PaidConnection(source)
  }
}
