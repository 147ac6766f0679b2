public import MPPCore

extension PaymentServer {
  /// The answer to a request that ``authorize(_:for:siblings:)`` let through and whose price is not held any more (``Payment/begin()``).
  ///
  /// - Parameters:
  ///   - request: as it was authorized, with its body where the route binds that.
  ///   - route: the one it was authorized for.
  /// - Returns: a problem document, with a fresh challenge of every offer where paying again can help: 402, 400 and 410 (`01` §11).
  public func refusal(
    of problem: PaymentProblem, to request: PaymentRequest, for route: Route
  ) async -> PaymentResponse {
    let outcome = await pipeline.refuse(problem, request, route, pipeline.clock.now)
    return outcome.response ?? VerificationPipeline.response(problem)
  }
}
