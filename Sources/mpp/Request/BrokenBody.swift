import MPPClient
import MPPCore

/// A body that did not arrive as a whole: what was paid for it is out.
enum BrokenBody {
  /// As an event says it.
  static func error(_ response: PaidResponse, _ error: any Error) -> PaymentClientError {
    if error is CancellationError { return PaymentClientError(.cancelled, "cancelled") }
    let paid = response.payment.map {
      PaymentClientError.Exposure(authorized: $0.amount, deposit: .zero, channel: $0.channel)
    }
    return PaymentClientError(
      .transport, reason(error), isRetryable: paid == nil, exposure: paid ?? .none, underlying: error)
  }

  static func failure(_ response: PaidResponse, _ error: any Error) -> CommandFailure {
    if error is CancellationError { return CommandFailure(.interrupted, "interrupted") }
    if let amount = response.payment?.amount, amount > .zero {
      return CommandFailure(.paymentFailed, reason(error), hint: FailureMapping.paysAgain(amount))
    }
    // Too long is no matter of the connection.
    let status: ExitStatus = error is ResponseBodyTooLarge ? .failure : .unreachable
    return CommandFailure(status, reason(error), hint: "nothing was paid for it")
  }

  private static func reason(_ error: any Error) -> String {
    guard let error = error as? ResponseBodyTooLarge else {
      return "the body of the response broke off: \(error)"
    }
    return "the body of the response is larger than \(error.limit >> 20) MiB, which is all this command takes"
  }
}
