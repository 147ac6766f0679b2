/// Names of this machine that cannot be pointed elsewhere.
enum LoopbackHost {
  static func isLoopback(_ host: String) -> Bool {
    let host = host.lowercased()
    guard host != "localhost", host != "::1" else { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  /// Whether a `Host` header names this machine: a page elsewhere whose name was rebound to 127.0.0.1 does not.
  static func accepts(header: String) -> Bool {
    var host = Substring(header)
    if host.hasPrefix("[") {
      guard let end = host.firstIndex(of: "]") else { return false }
      let port = host[host.index(after: end)...]
      guard port.isEmpty || port.first == ":" else { return false }
      host = host[host.index(after: host.startIndex)..<end]
    } else if let colon = host.lastIndex(of: ":") {
      host = host[..<colon]
    }
    return isLoopback(String(host))
  }
}
