/// Why an `Accept-Payment` value or a list of preferences is refused.
public enum AcceptPaymentError: Error, Sendable, Hashable, CustomStringConvertible {
  /// No entry.
  case empty
  /// More bytes or entries than are read.
  case tooLarge
  /// Not `method/intent` with parameters behind semicolons.
  case invalidEntry(String)
  /// Neither `*` nor made of `a-z`, `0-9` and `-`.
  case invalidMethod(String)
  /// Neither `*` nor made of `a-z`, `0-9` and `-`.
  case invalidIntent(String)
  /// Not `name=value`.
  case invalidParameter(String)
  /// `q` is not between 0 and 1 with at most three digits behind the point.
  case invalidWeight(entry: String)
  /// A preference names a way to pay that the client does not have.
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
