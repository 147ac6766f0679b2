import HTTPTypes

/// A status with its usual words.
enum HTTPStatusLine {
  static func text(_ status: HTTPResponse.Status) -> String {
    let known = HTTPResponse.Status(integerLiteral: status.code).reasonPhrase
    let phrase = status.code == 402 ? "Payment Required" : known
    return phrase.isEmpty ? String(status.code) : "\(status.code) \(phrase)"
  }
}
