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

  func handler(for method: HTTPRequest.Method) -> PaidHandler<Context>? {
    state.withLock { $0.handlers.first { $0.method == method }?.handler }
  }

  /// The route a request belongs to, and the others of the path. A method without content of its own
  /// belongs to the first declared one.
  func routes(
    for method: HTTPRequest.Method, pattern: String
  ) throws(ConfigurationError) -> (route: Route, siblings: [Route]) {
    let routes: [(method: HTTPRequest.Method, route: Route)]
    do {
      routes = try state.withLock { state in
        if let routes = state.routes { return routes }
        let made = try makeRoutes(state.handlers.map(\.method), pattern)
        state.routes = made
        return made
      }
    } catch let error as ConfigurationError {
      throw error
    } catch {
      throw ConfigurationError(.offer, "\(error)")
    }
    guard let first = routes.first else { throw ConfigurationError(.offer, "no content at \(pattern)") }
    let index = routes.firstIndex { $0.method == method } ?? 0
    guard routes.count > 1 else { return (first.route, []) }
    let siblings = routes.indices.filter { $0 != index }.map { routes[$0].route }
    return (routes[index].route, siblings)
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
