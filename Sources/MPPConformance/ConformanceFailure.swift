package import MPPCore

/// Why an operation has no value, in the vocabulary of the harness.
package struct ConformanceFailure: Error, Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case parse = "parse_error"
    case format = "format_error"
    case encoding = "encoding_error"
    case generation = "generation_error"
    case http = "http_error"
    case verification = "verification_error"
    case unsupported = "unsupported_operation"
    case unknown = "unknown_error"
  }

  /// Scalars of a message: it may quote the request.
  private static let longestMessage = 500

  package let kind: Kind
  package let message: String

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = String(String.UnicodeScalarView(message.unicodeScalars.prefix(Self.longestMessage)))
  }

  package var answer: JSONValue {
    ["ok": false, "error": ["type": .string(kind.rawValue), "message": .string(message)]]
  }
}
