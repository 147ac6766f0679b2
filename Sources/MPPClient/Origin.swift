/// Scheme, host and port of an HTTP URL, normalised: lower case, default port spelled out. Credentials, channels and
/// receipts never cross from one origin to another.
public struct Origin: Sendable, Hashable, CustomStringConvertible {
  /// `http` or `https`, lower case.
  public let scheme: String
  /// Lower case; an IPv6 address keeps its brackets.
  public let host: String
  /// Always a number: 443 or 80 where the URL names none.
  public let port: Int

  /// Lowers the case; checks nothing. ``RequestURL`` makes origins of texts.
  public init(scheme: String, host: String, port: Int) {
    self.scheme = scheme.lowercased()
    self.host = host.lowercased()
    self.port = port
  }

  public var description: String { "\(scheme)://\(host):\(port)" }

  /// Whether the peer is this machine; the only case in which a credential may travel over plain HTTP.
  public var isLoopback: Bool {
    if host == "localhost" || host == "[::1]" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  /// Whether credentials may be sent there.
  public var mayReceiveCredentials: Bool { scheme == "https" || isLoopback }
}
