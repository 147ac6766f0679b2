/// Scheme, host and port of an HTTP URL, normalised: lower case, default port spelled out. Credentials, channels and
/// receipts never cross from one origin to another.
public struct Origin: Sendable, Hashable, CustomStringConvertible {
  public let scheme: String
  public let host: String
  public let port: Int

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
