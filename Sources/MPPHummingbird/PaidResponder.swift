import HTTPTypes
import Hummingbird
import Logging
import MPPCore
import MPPServer
import NIOCore
import Synchronization

/// One method of a paid path: asks the engine, then answers, or runs the content and reports what became
/// of the response.
final class PaidResponder<Context: PaidContext>: HTTPResponder {
  private let endpoint: PaidEndpoint<Context>
  private let method: HTTPRequest.Method
  /// Found with the first request.
  private let knownTarget = Mutex<PaidEndpoint<Context>.Target?>(nil)

  init(endpoint: PaidEndpoint<Context>, method: HTTPRequest.Method) {
    self.endpoint = endpoint
    self.method = method
  }

  /// - Parameter pattern: of the path.
  private func target(
    _ pattern: @autoclosure () -> String?
  ) throws(ConfigurationError) -> PaidEndpoint<Context>.Target {
    if let known = knownTarget.withLock({ $0 }) { return known }
    let target = try endpoint.target(of: method, pattern: pattern())
    knownTarget.withLock { $0 = target }
    return target
  }

  func respond(to request: Request, context: Context) async throws -> Response {
    let target: PaidEndpoint<Context>.Target
    do throws(ConfigurationError) {
      target = try self.target(context.endpointPath)
    } catch {
      context.logger.error("a paid route is not usable", metadata: ["mpp.code": .string("\(error.code)")])
      return PaymentResponse(problem: .internalError()).response(for: request.method)
    }
    var request = request
    let body: [UInt8]?
    do {
      body = try await RequestCapture.collectBody(
        &request, isNeeded: target.route.collectsBody, limit: endpoint.server.limits.maxBodyBytes)
    } catch is NIOTooManyBytesError {
      let problem = PaymentProblem.contentTooLarge(limit: endpoint.server.limits.maxBodyBytes)
      return PaymentResponse(problem: problem).response(for: request.method)
    }
    let outcome = await endpoint.server.authorize(
      RequestCapture.capture(request, body: body), for: target.route, siblings: target.siblings)
    switch outcome {
    case .challenge(let response), .management(let response), .problem(let response):
      return response.response(for: request.method)
    case .proceed(let payment):
      return try await serve(payment, target, request, context)
    }
  }

  /// Longest body that is charged when the socket has taken all of it. A longer one is charged when it is queued: a reader that
  /// takes nearly all of it and goes has had nearly all of it. Nobody gets more than this much for nothing.
  private static var longestWatchedBody: Int { 64 * 1024 }

  /// Runs the content. The price is charged when all bytes of the body have been handed to the transport, and not at all when the
  /// handler throws, answers 500 and above, or its body breaks off. A reader that leaves in the middle is charged when it was
  /// handed more than ``longestWatchedBody``, or anything at all of what is bought one by one.
  private func serve(
    _ payment: Payment, _ target: PaidEndpoint<Context>.Target, _ request: Request, _ context: Context
  ) async throws -> Response {
    guard let handler = target.handler else {
      await payment.failed()
      throw HTTPError(.methodNotAllowed)
    }
    var context = context
    context.paymentIfPresent = payment
    var response: Response
    do {
      response = try await handler(request, context)
    } catch {
      await payment.failed()
      throw error
    }
    guard Payment.isCharged(status: response.status.code) else {
      payment.finish(status: response.status.code, headers: &response.headers)
      await payment.failed()
      return response
    }
    if let refusal = payment.begin() { return refusal.response(for: request.method) }
    let hasReceipt = payment.finish(status: response.status.code, headers: &response.headers)
    // A handler on the channel cannot tell a reader that left from a body that broke off.
    if !payment.isOneTime, let connection = context.connection {
      if hasReceipt, let length = response.body.contentLength, length <= Self.longestWatchedBody,
        connection.expect(PendingDelivery(payment: payment, length: length))
      {
        return response
      }
      if request.headers.value(of: .connection) != "close" { connection.watch() }
    }
    let body = response.body
    response.body = ResponseBody(contentLength: body.contentLength) { writer in
      let progress = CountedBodyWriter.Progress()
      do {
        try await body.write(CountedBodyWriter(writer, length: body.contentLength, progress: progress))
      } catch {
        // Who leaves early, or with the last byte, must not have what it got for nothing. Less is forgiven: a write returns when
        // it is queued, so that one who was gone before the first byte looks like one who has read a little. What is bought one by one
        // could be bought again, whole, for what is forgiven here.
        let forgiven = payment.isOneTime ? 0 : Self.longestWatchedBody
        let isTaken = progress.hasNoReader && progress.count > forgiven
        if progress.isWhole || isTaken { await payment.delivered() } else { await payment.failed() }
        throw error
      }
      await payment.delivered()
    }
    return response
  }
}
