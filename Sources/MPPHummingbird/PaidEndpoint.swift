import HTTPTypes
import Hummingbird
import MPPServer
import Synchronization

typealias PaidHandler<Context> = @Sendable (Request, Context) async throws -> Response

/// The paths of one paid group.
final class PaidEndpoints<Context: PaidContext>: Sendable {
  private let endpoints = Mutex<[String: PaidEndpoint<Context>]>([:])

  /// Adds a content handler and says which methods the router does not know yet at this path.
  func add(
    path: RouterPath, method: HTTPRequest.Method, gate: PaymentMiddleware<Context>,
    handler: @escaping PaidHandler<Context>
  ) -> (endpoint: PaidEndpoint<Context>, methodsToRegister: [HTTPRequest.Method]) {
    let endpoint = endpoints.withLock { endpoints in
      if let known = endpoints[path.description] { return known }
      let endpoint = PaidEndpoint(gate: gate)
      endpoints[path.description] = endpoint
      return endpoint
    }
    return (endpoint, endpoint.add(method, handler))
  }
}

/// One paid path: the content handlers by method, and the routes of the engine.
final class PaidEndpoint<Context: PaidContext>: Sendable {
  /// What `HEAD` and `POST` are for besides content, where payments have to be managed.
  private var managementMethods: [HTTPRequest.Method] { gate.hasManagement ? [.head, .post] : [] }

  private struct State {
    var handlers: [(method: HTTPRequest.Method, handler: PaidHandler<Context>)] = []
    var registered: Set<HTTPRequest.Method> = []
    /// Made with the first request, when the whole pattern is known; declarations are over by then.
    var routes: [(method: HTTPRequest.Method, route: Route)]?
  }

  /// What a method of the path leads to.
  final class Target: Sendable {
    let route: Route
    /// The other routes of the path.
    let siblings: [Route]
    /// `nil` for a method that is there for the payment protocol alone.
    let handler: PaidHandler<Context>?

    init(route: Route, siblings: [Route], handler: PaidHandler<Context>?) {
      self.route = route
      self.siblings = siblings
      self.handler = handler
    }
  }

  private let gate: PaymentMiddleware<Context>
  private let state = Mutex(State())

  init(gate: PaymentMiddleware<Context>) { self.gate = gate }

  var server: PaymentServer { gate.server }

  func add(
    _ method: HTTPRequest.Method, _ handler: @escaping PaidHandler<Context>
  ) -> [HTTPRequest.Method] {
    state.withLock { state in
      precondition(
        !state.handlers.contains { $0.method == method }, "\(method.rawValue) already has a paid handler")
      state.handlers.append((method, handler))
      return ([method] + managementMethods).filter { state.registered.insert($0).inserted }
    }
  }

  /// Where the requests of a method go. A method without content of its own belongs to the first declared one.
  ///
  /// - Parameter pattern: of the path, asked for with the first request.
  func target(
    of method: HTTPRequest.Method, pattern: @autoclosure () -> String?
  ) throws(ConfigurationError) -> Target {
    do {
      return try state.withLock { state in
        let routes = try state.routes ?? makeRoutes(state.handlers.map(\.method), pattern() ?? "/")
        state.routes = routes
        guard !routes.isEmpty else { throw ConfigurationError(.offer, "no content at \(pattern() ?? "/")") }
        let index = routes.firstIndex { $0.method == method } ?? 0
        return Target(
          route: routes[index].route,
          siblings: routes.indices.filter { $0 != index }.map { routes[$0].route },
          handler: state.handlers.first { $0.method == method }?.handler)
      }
    } catch let error as ConfigurationError {
      throw error
    } catch {
      throw ConfigurationError(.offer, "\(error)")
    }
  }

  private func makeRoutes(
    _ methods: [HTTPRequest.Method], _ pattern: String
  ) throws -> [(method: HTTPRequest.Method, route: Route)] {
    var options = gate.options
    options.contentMethods = Set(methods)
    return try methods.map { method in
      (method, try server.route(method, pattern, offers: gate.offers, options: options))
    }
  }
}
