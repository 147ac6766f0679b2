import Logging
import MPPCore

/// What may be written into logs. Credentials, signatures and secrets have no way in here.
enum Redaction {
  /// The first characters of an id: enough to find it in other logs.
  static func short(_ id: String) -> String { String(id.prefix(10)) }

  static func metadata(method: MethodKey, challengeID: String) -> Logger.Metadata {
    [
      "mpp.method": .string(method.name), "mpp.intent": .string(method.intent),
      "mpp.challenge": .string(short(challengeID)),
    ]
  }

  /// An error of unknown origin: its type, never its text, which may quote a request or a key.
  static func metadata(error: any Error) -> Logger.Metadata {
    ["mpp.error": .string(String(describing: type(of: error)))]
  }
}
