public import HTTPTypes
public import Hummingbird

/// Routes behind a ``PaymentMiddleware``. A path that sessions pay for also answers `HEAD` and `POST` of the
/// payment protocol (voucher, top-up, close), so no other route may declare those methods at this path;
/// declare the content of several methods in one group: `.get { … }.post { … }`.
public struct PaidRouterGroup<Context: PaidContext>: RouterMethods {
  private let parent: any RouterMethods<Context>
  private let gate: PaymentMiddleware<Context>
  private let endpoints: PaidEndpoints<Context>
  /// Run behind the gate, in the order in which they were added.
  private let middlewares: [any MiddlewareProtocol<Request, Response, Context>]

  init(
    parent: any RouterMethods<Context>, gate: PaymentMiddleware<Context>,
    endpoints: PaidEndpoints<Context> = PaidEndpoints(),
    middlewares: [any MiddlewareProtocol<Request, Response, Context>] = []
  ) {
    self.parent = parent
    self.gate = gate
    self.endpoints = endpoints
    self.middlewares = middlewares
  }

  /// Declares paid content, and with it the `HEAD` and `POST` of the payment protocol where sessions pay.
  /// Stops the program when the method has paid content at this path already.
  @discardableResult public func on<Responder: HTTPResponder>(
    _ path: RouterPath, method: HTTPRequest.Method, responder: Responder
  ) -> Self where Responder.Context == Context {
    var handler: PaidHandler<Context> = { request, context in
      try await responder.respond(to: request, context: context)
    }
    for middleware in middlewares.reversed() { handler = Self.wrap(handler, in: middleware) }
    let added = endpoints.add(path: path, method: method, gate: gate, handler: handler)
    for method in added.methodsToRegister {
      parent.on(
        path, method: method, responder: PaidResponder(endpoint: added.endpoint, method: method))
    }
    return self
  }

  /// Adds a middleware behind the gate: it runs for paid content only.
  public func add(middleware: any MiddlewareProtocol<Request, Response, Context>) -> Self {
    PaidRouterGroup(
      parent: parent, gate: gate, endpoints: endpoints, middlewares: middlewares + [middleware])
  }

  private static func wrap(
    _ handler: @escaping PaidHandler<Context>,
    in middleware: any MiddlewareProtocol<Request, Response, Context>
  ) -> PaidHandler<Context> {
    { request, context in
      try await middleware.handle(request, context: context) { request, context in
        try await handler(request, context)
      }
    }
  }
}

extension RouterMethods where Context: PaidContext {
  /// Puts a payment gate in front of the routes declared on the returned group.
  public func add(middleware: PaymentMiddleware<Context>) -> PaidRouterGroup<Context> {
    PaidRouterGroup(parent: self, gate: middleware)
  }
}
