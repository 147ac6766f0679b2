import Synchronization

/// The challenges that were authenticated lately. A payer of a session repeats one challenge with every voucher: that its characters are
/// those of a challenge whose id was found right needs neither to be decoded nor to be proved again.
///
/// Only what was authenticated gets in, under the same secrets, which do not change while a server lives. Nothing else is decided here:
/// expiry, route and payload are looked at each time. Bounded: a place holds one challenge, and a newer one takes it over.
final class KnownChallenges: Sendable {
  /// Characters at the beginning of a token that its place is found by. They include the id unless the description is very long.
  static let window = 512
  /// Characters of a challenge beyond which it is proved anew each time. Its description and members nobody knows are
  /// the sender's to choose: with this, all places together keep a few tens of megabytes, whatever is sent.
  static let longestPrefix = 4096
  private static let stripes = 16
  private static let places = 256

  private final class Stripe: Sendable {
    let places = Mutex([KnownChallenge?](repeating: nil, count: KnownChallenges.places))
  }

  private let stripes = (0..<KnownChallenges.stripes).map { _ in Stripe() }
  /// Random for each process: places cannot be foreseen from outside.
  private let seed = UInt64(truncatingIfNeeded: Hasher().finalize())

  func find(_ token: UnsafeBufferPointer<UInt8>) -> KnownChallenge? {
    guard let fingerprint = Self.fingerprint(of: token, seed: seed) else { return nil }
    // Characters are compared only after the fingerprint, so that nobody can feel his way along them.
    guard let known = place(fingerprint, { $0 }), known.fingerprint == fingerprint, known.begins(token) else {
      return nil
    }
    return known
  }

  func remember(_ challenge: Challenge, token: UnsafeBufferPointer<UInt8>, end: Int) {
    guard let known = KnownChallenge(token: token, end: end, challenge: challenge, seed: seed) else { return }
    place(known.fingerprint) { $0 = known }
  }

  @discardableResult
  private func place<T: Sendable>(_ fingerprint: UInt64, _ body: (inout KnownChallenge?) -> T) -> T {
    stripes[Int(fingerprint >> 60)].places.withLock { places in
      body(&places[Int(truncatingIfNeeded: fingerprint & UInt64(Self.places - 1))])
    }
  }

  /// A hash of the window, nil for a shorter token.
  static func fingerprint(of token: UnsafeBufferPointer<UInt8>, seed: UInt64) -> UInt64? {
    guard token.count >= window else { return nil }
    return Fingerprint.of(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: token[..<window])), seed: seed)
  }
}
