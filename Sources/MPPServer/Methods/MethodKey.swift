public import MPPCore

/// What a payment method is registered and found under (C6, C7, C25). Compared byte for byte.
public struct MethodKey: Sendable, Hashable, CustomStringConvertible {
  /// Method name, for example `tempo`.
  public let name: String
  /// Intent, for example `session`.
  public let intent: String
  /// Protocol version for intents that have several (`session`: `v1`, `v2`), else `nil`.
  public let version: String?

  /// - Parameter version: `nil` where the intent has only one.
  public init(name: String, intent: String, version: String? = nil) {
    self.name = name
    self.intent = intent
    self.version = version
  }

  /// The key a challenge speaks. Only sessions have versions; a session request without a marker is `v1`
  /// (`04` §6.2). A marker that is not a string makes a key nobody can register.
  public init(name: String, intent: String, request: JSONValue) {
    self.init(name: name, intent: intent, version: Self.version(intent: intent, request: request))
  }

  static func version(intent: String, request: JSONValue) -> String? {
    guard intent == "session" else { return nil }
    guard let marker = request["methodDetails"]?["sessionProtocol"] else { return "v1" }
    return marker.stringValue ?? ""
  }

  public var description: String {
    version.map { "\(name)/\(intent)/\($0)" } ?? "\(name)/\(intent)"
  }
}
