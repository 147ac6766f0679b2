public import EVM

/// The memo by which a transfer says which challenge it pays (`06` §1.6): tag, version, and the beginnings of
/// three hashes.
///
/// It binds, it does not authenticate: seven bytes of a challenge id can be found by trying, so whoever accepts a
/// transfer also checks token, recipient, amount and that it was not used before.
public struct AttributionMemo: Sendable, Hashable {
  /// `H(server id)[0..<10]`; the server id is the realm of the challenge.
  public let serverFingerprint: [UInt8]
  /// `H(client id)[0..<10]`, or `nil` when the client does not name itself.
  public let clientFingerprint: [UInt8]?
  /// `H(challenge id)[0..<7]`
  public let nonce: [UInt8]

  /// `H("mpp")[0..<4]`
  private static let tag = Array(Keccak256.hash(utf8: "mpp").bytes.prefix(4))
  private static let version: UInt8 = 1

  /// A client id that is empty is the same as none.
  public init(serverID: String, clientID: String? = nil, challengeID: String) {
    serverFingerprint = Self.fingerprint(serverID)
    clientFingerprint = clientID.flatMap { $0.isEmpty ? nil : Self.fingerprint($0) }
    nonce = Self.nonce(challengeID)
  }

  /// The memo in 32 bytes; `nil` when they are something else: a memo is whatever its author wants.
  public init?(_ memo: Hash32) {
    let bytes = memo.bytes
    guard bytes.starts(with: Self.tag), bytes[4] == Self.version else { return nil }
    serverFingerprint = Array(bytes[5..<15])
    let client = bytes[15..<25]
    clientFingerprint = client.allSatisfy { $0 == 0 } ? nil : Array(client)
    nonce = Array(bytes[25..<32])
  }

  /// The 32 bytes of the memo.
  public var memo: Hash32 {
    let client = clientFingerprint ?? [UInt8](repeating: 0, count: 10)
    return Hash32(prefixOf: Self.tag + [Self.version] + serverFingerprint + client + nonce)
  }

  /// Whether the transfer is meant for this server.
  public func isFor(serverID: String) -> Bool { serverFingerprint == Self.fingerprint(serverID) }

  /// Whether the transfer is meant for this challenge.
  public func isBound(to challengeID: String) -> Bool { nonce == Self.nonce(challengeID) }

  private static func fingerprint(_ text: String) -> [UInt8] {
    Array(Keccak256.hash(utf8: text).bytes.prefix(10))
  }

  private static func nonce(_ challengeID: String) -> [UInt8] {
    Array(Keccak256.hash(utf8: challengeID).bytes.prefix(7))
  }
}
