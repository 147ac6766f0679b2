/// Whoever can sign for an address: a key in memory, a key service, a hardware device.
public protocol Signer: Sendable {
  /// Of the key that signs; every signature must recover to it.
  var address: Address { get }

  /// A signature over exactly this digest: 65 bytes `r ‖ s ‖ v`, low `s`, v 27 or 28. A signer for a chain
  /// with other curves answers in that chain's form of a signature by one key. May be repeated.
  func sign(_ digest: Hash32) async throws -> [UInt8]
}
