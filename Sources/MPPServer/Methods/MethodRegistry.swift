/// The one registry of methods (C6, C7, C16): by name, intent and protocol version, independent of the
/// order of registration.
struct MethodRegistry: Sendable {
  private let methods: [MethodKey: any ServerMethod]
  /// In the order of registration.
  let all: [any ServerMethod]

  init(_ methods: [any ServerMethod]) throws(ConfigurationError) {
    var table: [MethodKey: any ServerMethod] = [:]
    for method in methods {
      guard table.updateValue(method, forKey: method.key) == nil else {
        throw ConfigurationError(.duplicateMethod, "two methods are registered as \(method.key)")
      }
    }
    self.methods = table
    all = methods
  }

  func method(for key: MethodKey) throws(ConfigurationError) -> any ServerMethod {
    if let method = methods[key] { return method }
    let known = all.map(\.key.description).joined(separator: ", ")
    throw ConfigurationError(.unknownMethod, "no method is registered as \(key); registered: \(known)")
  }
}
