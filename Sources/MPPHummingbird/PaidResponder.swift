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
    // Behind a request that offers another protocol NIO's decoder reads no more.
    if request.headers.contains(.upgrade) { context.connection?.closeAfterResponse() }
    var request = request
    let body: [UInt8]?
    do {
      body = try await RequestCapture.collectBody(
        &request, isNeeded: target.route.collectsBody, limit: endpoint.server.limits.maxBodyBytes,
        connection: context.connection)
    } catch is NIOTooManyBytesError {
      let problem = PaymentProblem.contentTooLarge(limit: endpoint.server.limits.maxBodyBytes)
      return PaymentResponse(problem: problem).response(for: request.method)
    }
    let captured = RequestCapture.capture(request, body: body)
    let outcome = await endpoint.server.authorize(captured, for: target.route, siblings: target.siblings)
    switch outcome {
    case .challenge(let response), .management(let response), .problem(let response):
      return response.response(for: request.method)
    case .proceed(let payment):
      return try await serve(payment, target, captured, request, context)
    }
  }

  /// Longest body whose reader may leave without being charged. One that takes nearly all of a longer body and goes has had nearly all
  /// of it. Nobody gets more than this much for nothing.
  private static var longestForgivenBody: Int { 64 * 1024 }

  /// Runs the content. The price is charged when the socket has taken all bytes of the body, and not at all when the
  /// handler throws, answers 500 and above, or its body breaks off. A reader that leaves is charged when all of a long body, or more
  /// than ``longestForgivenBody`` of it, was handed over, or anything at all of what is bought one by one.
  private func serve(
    _ payment: Payment, _ target: PaidEndpoint<Context>.Target, _ captured: PaymentRequest,
    _ request: Request, _ context: Context
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
    if let problem = payment.begin() {
      return await endpoint.server.refusal(of: problem, to: captured, for: target.route)
        .response(for: request.method)
    }
    let hasReceipt = payment.finish(status: response.status.code, headers: &response.headers)
    let isBodyless =
      request.method == .head || response.status == .noContent || response.status == .notModified
    var delivery: BodyDelivery?
    if let connection = context.connection {
      // A handler on the channel cannot tell a reader that left from a body that broke off.
      let isForgiven = (response.body.contentLength ?? .max) <= Self.longestForgivenBody && !payment.isOneTime
      if isForgiven {
        if hasReceipt, connection.expect(PendingDelivery(payment: payment, isBodyless: isBodyless)) {
          return response
        }
        if request.headers.value(of: .connection) != "close" { connection.watch() }
      } else if hasReceipt {
        delivery = connection.follow(payment, isBodyless: isBodyless)
      } else {
        connection.watch()
      }
    }
    report(payment, in: &response, isBodyless: isBodyless, delivery, context.connection)
    return response
  }

  /// Has the body of a response report for its payment.
  ///
  /// - Parameter delivery: nil when nothing on the channel reports of the last part: it counts when it is queued then.
  private func report(
    _ payment: Payment, in response: inout Response, isBodyless: Bool, _ delivery: BodyDelivery?,
    _ connection: PaidConnection?
  ) {
    let body = response.body
    let length =
      isBodyless ? nil : response.headers.value(of: .contentLength).flatMap { Int($0) } ?? body.contentLength
    @Sendable func handedOver() async {
      if let delivery, let connection { return connection.handedOver(payment, delivery) }
      await payment.delivered()
    }
    response.body = ResponseBody(contentLength: body.contentLength) { writer in
      let progress = CountedBodyWriter.Progress()
      do {
        try await body.write(CountedBodyWriter(writer, length: length, progress: progress))
        guard progress.isWhole else { throw ShortBody() }
      } catch {
        // Who leaves early, or with the last byte, must not have what it got for nothing. Less is forgiven: a write returns when
        // it is queued, so that one who was gone before the first byte looks like one who has read a little. What is bought one by one
        // could be bought again, whole, for what is forgiven here.
        let forgiven = payment.isOneTime ? 0 : Self.longestForgivenBody
        let hasLeft = progress.hasNoReader && delivery?.isCutOff != true
        if progress.isWhole {
          await handedOver()
        } else if hasLeft && progress.count > forgiven {
          await payment.delivered()
        } else {
          await payment.failed()
        }
        throw error
      }
      await handedOver()
    }
  }
}
