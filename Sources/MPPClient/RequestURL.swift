/// An absolute `http` or `https` URL, taken apart. Strict: no user name, no blank or control character; the fragment
/// is dropped.
public struct RequestURL: Sendable, Hashable, CustomStringConvertible {
  /// Normalised; decides who gets credentials.
  public let origin: Origin
  /// Host and port as written.
  public let authority: String
  /// Path and query; never empty.
  public let path: String

  public var description: String { "\(origin.scheme)://\(authority)\(path)" }
  /// Whether there is a `?`, also with nothing after it.
  public var hasQuery: Bool { path.contains("?") }
  /// The same URL without its query.
  public var withoutQuery: RequestURL {
    RequestURL(origin: origin, authority: authority, path: String(path.prefix { $0 != "?" }))
  }

  private init(origin: Origin, authority: String, path: String) {
    self.origin = origin
    self.authority = authority
    self.path = path
  }

  /// - Throws: `invalidURL` unless the text is `http` or `https` with a host, of visible ASCII, at most 8192
  ///   bytes, and without user name.
  public init(_ text: some StringProtocol) throws(PaymentClientError) {
    let text = String(text)
    guard text.utf8.count <= 8192, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw .invalidURL(text)
    }
    let lower = text.prefix(8).lowercased()
    let scheme = lower.hasPrefix("https://") ? "https" : "http"
    guard lower.hasPrefix(scheme + "://") else { throw .invalidURL(text) }
    let rest = text.dropFirst(scheme.count + 3).prefix { $0 != "#" }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    guard let origin = Self.origin(scheme: scheme, authority: authority) else { throw .invalidURL(text) }
    let tail = rest.dropFirst(authority.count)
    self.init(
      origin: origin, authority: String(authority), path: tail.hasPrefix("/") ? String(tail) : "/" + tail)
  }

  /// Resolves an absolute URL or an absolute path against this one.
  public func resolving(_ reference: String) throws(PaymentClientError) -> RequestURL {
    guard reference.hasPrefix("/"), !reference.hasPrefix("//") else { return try RequestURL(reference) }
    return try RequestURL("\(origin.scheme)://\(authority)\(reference)")
  }

  private static func origin(scheme: String, authority: Substring) -> Origin? {
    guard !authority.isEmpty, !authority.contains("@"), !authority.contains("\\") else { return nil }
    let hostEnd: Substring.Index
    if authority.hasPrefix("[") {
      guard let bracket = authority.firstIndex(of: "]") else { return nil }
      hostEnd = authority.index(after: bracket)
    } else {
      hostEnd = authority.firstIndex(of: ":") ?? authority.endIndex
    }
    let host = authority[..<hostEnd]
    let tail = authority[hostEnd...]
    guard !host.isEmpty else { return nil }
    guard !tail.isEmpty else {
      return Origin(scheme: scheme, host: String(host), port: scheme == "https" ? 443 : 80)
    }
    guard tail.first == ":", let port = UInt16(tail.dropFirst()), port > 0 else { return nil }
    return Origin(scheme: scheme, host: String(host), port: Int(port))
  }
}
