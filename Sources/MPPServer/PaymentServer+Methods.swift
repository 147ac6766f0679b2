extension PaymentServer {
  /// The registered method, for the operations that a method offers beside its routes.
  /// - Throws: ``ConfigurationError`` when none is registered under `key`.
  package func method(for key: MethodKey) throws(ConfigurationError) -> any ServerMethod {
    try registry.method(for: key)
  }
}
