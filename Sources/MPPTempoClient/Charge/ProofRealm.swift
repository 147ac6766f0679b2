import MPPClient
import MPPCore

/// For which realms an account is proved to an origin.
///
/// A proof names the realm and the challenge, not the origin it is sent to: an origin that passes on the challenge of another server
/// could use the proof there. A realm that is a host is compared with the origin; what is no host cannot be. This machine may use any.
struct ProofRealm {
  let allowed: Set<String>
  /// Refuses what cannot be compared.
  let isStrict: Bool

  func check(_ realm: String, of origin: Origin) throws(PaymentClientError) {
    guard !origin.isLoopback, !allowed.contains(where: { $0.equalsBytes(of: realm) }) else { return }
    guard let host = Self.host(realm) else {
      guard isStrict else { return }
      throw refusal(realm, origin)
    }
    let own = origin.host
    guard
      own.equalsBytes(of: host)
        || Array(own.utf8).suffix(host.utf8.count + 1).elementsEqual(("." + host).utf8)
    else { throw refusal(realm, origin) }
  }

  private func refusal(_ realm: String, _ origin: Origin) -> PaymentClientError {
    PaymentClientError(
      .untrustedTerms,
      "\(origin) asks for a proof for the realm \(realm.prefix(100)); if it may, name the realm in proofRealms"
    )
  }

  /// The host of `host`, `host:port` or `scheme://host…`, lower case; nil for what cannot be one.
  static func host(_ realm: String) -> String? {
    var bytes = Array(realm.utf8)[...]
    if let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8) {
      bytes = bytes[(colon + 3)...]
    }
    bytes = bytes.prefix { !"/?#".utf8.contains($0) }
    if let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
      bytes[(colon + 1)...].allSatisfy({ (0x30...0x39).contains($0) })
    {
      bytes = bytes[..<colon]
    }
    let host = bytes.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
    let isHost = host.allSatisfy { byte in
      (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: ".")
        || byte == UInt8(ascii: "-")
    }
    guard isHost, host.dropFirst().dropLast().contains(UInt8(ascii: ".")) else { return nil }
    return String(decoding: host, as: UTF8.self)
  }
}
