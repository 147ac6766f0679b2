/// Why an `Accept-Payment` value or a list of preferences is refused.
public enum AcceptPaymentError: Error, Sendable, Hashable, CustomStringConvertible {
  case empty
  /// More bytes or entries than are read.
  case tooLarge
  case invalidEntry(String)
  case invalidMethod(String)
  case invalidIntent(String)
  case invalidParameter(String)
  case invalidWeight(entry: String)
  case unknownPreference(String, available: [String])

  public var description: String {
    switch self {
    case .empty: "Accept-Payment header is empty."
    case .tooLarge: "Accept-Payment header is too large."
    case .invalidEntry(let text): "Invalid Accept-Payment entry: \(text)"
    case .invalidMethod(let text): "Invalid Accept-Payment method: \(text)"
    case .invalidIntent(let text): "Invalid Accept-Payment intent: \(text)"
    case .invalidParameter(let text): "Invalid Accept-Payment parameter: \(text)"
    case .invalidWeight(let entry):
      "Invalid q-value for Accept-Payment entry \"\(entry)\". Expected an HTTP qvalue."
    case .unknownPreference(let name, let available):
      "Unknown payment preference \"\(name)\". Available: \(available.joined(separator: ", "))"
    }
  }
}
