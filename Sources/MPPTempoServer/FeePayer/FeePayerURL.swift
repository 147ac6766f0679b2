import MPPServer

/// Which addresses a fee payer may have: what goes there tells who pays whom, and what comes back is paid for.
enum FeePayerURL {
  /// - Throws: `ConfigurationError` unless it is an `https` URL, or an `http` URL of this machine. Its text is not repeated: there may
  ///   be a key in it.
  static func check(_ url: String) throws(ConfigurationError) {
    let bytes = Array(url.utf8)
    guard bytes.count <= 2_048, bytes.allSatisfy({ (0x21...0x7E).contains($0) }),
      !bytes.contains(UInt8(ascii: "#")), !bytes.contains(UInt8(ascii: "\\"))
    else { throw refusal("is no URL") }
    let scheme = ["https://", "http://"].first { prefix in
      bytes.count > prefix.utf8.count
        && zip(bytes, prefix.utf8).allSatisfy { lowercased($0) == $1 }
    }
    guard let scheme else { throw refusal("is neither an https nor an http URL") }
    let authority = bytes.dropFirst(scheme.utf8.count).prefix {
      $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?")
    }
    guard !authority.contains(UInt8(ascii: "@")) else { throw refusal("contains a user or a password") }
    guard let host = host(of: authority) else { throw refusal("has no valid host") }
    guard scheme == "https://" || isLoopback(host) else {
      throw refusal("is plain http to another machine")
    }
  }

  private static func refusal(_ text: String) -> ConfigurationError {
    ConfigurationError(.feePayer, "the address of the fee payer's host \(text)")
  }

  /// The host in lower case, an IPv6 address with its brackets; nil when host or port are not valid.
  private static func host(of authority: ArraySlice<UInt8>) -> String? {
    var host = authority
    var port: ArraySlice<UInt8> = []
    if authority.first == UInt8(ascii: "[") {
      guard let end = authority.firstIndex(of: UInt8(ascii: "]")) else { return nil }
      host = authority[...end]
      let rest = authority[(end + 1)...]
      guard rest.isEmpty || rest.first == UInt8(ascii: ":") else { return nil }
      port = rest.dropFirst()
    } else if let colon = authority.firstIndex(of: UInt8(ascii: ":")) {
      host = authority[..<colon]
      port = authority[(colon + 1)...]
    }
    guard !host.isEmpty, host.allSatisfy(isHostByte), port.count <= 5,
      port.isEmpty || UInt16(String(decoding: port, as: UTF8.self)) ?? 0 > 0
    else { return nil }
    return String(decoding: host.map(lowercased), as: UTF8.self)
  }

  private static func isLoopback(_ host: String) -> Bool {
    if host == "localhost" || host == "[::1]" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    switch lowercased(byte) {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
      UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ":"):
      true
    default: false
    }
  }

  private static func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }
}
