import HTTPTypes
import MPPCore

/// Headers of paid and refused responses (`01` §6, §15).
enum ResponseHeaders {
  /// Sets the receipt and makes the response private.
  static func attach(receipt: String, to headers: inout HTTPFields) {
    var field = HTTPField(name: ProtocolHeaders.paymentReceipt, value: receipt)
    field.indexingStrategy = .disallow
    headers[fields: ProtocolHeaders.paymentReceipt] = [field]
    headers[.cacheControl] = cacheControl(headers[.cacheControl])
  }

  /// Adds `private` and takes out what contradicts it: `public` and `s-maxage`.
  static func cacheControl(_ current: String?) -> String {
    guard let current else { return "private" }
    var directives = current.split(separator: ",").map(trimmed).filter { directive in
      let name = directive.split(separator: "=").first.map { $0.lowercased() } ?? ""
      return !directive.isEmpty && name != "public" && name != "s-maxage"
    }
    let isPrivate = directives.contains { $0.lowercased() == "private" || $0.lowercased() == "no-store" }
    if !isPrivate { directives.append("private") }
    return directives.joined(separator: ", ")
  }

  private static func trimmed(_ text: Substring) -> String {
    var rest = text
    while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
    while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
    return String(rest)
  }

  /// The head of a problem document.
  // Made once: the value of a field is examined when the field is made.
  static let problem: HTTPFields = [
    .contentType: ProtocolHeaders.problemContentType, .cacheControl: "no-store",
  ]
}
