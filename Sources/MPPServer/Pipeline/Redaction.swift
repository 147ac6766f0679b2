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

  /// An error of unknown origin: its type, never its text, which may quote a request or a key. One of a store: its code and its
  /// text too, which are for people and hold no secret.
  static func metadata(error: any Error) -> Logger.Metadata {
    var metadata: Logger.Metadata = ["mpp.error": .string(String(describing: type(of: error)))]
    if let error = error as? StoreError {
      metadata["mpp.code"] = .string(error.code.rawValue)
      metadata["mpp.reason"] = .string(error.reason)
      if let underlying = error.underlying { metadata["mpp.underlying"] = .string(underlying) }
    }
    return metadata
  }
}
