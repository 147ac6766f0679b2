/// A challenge that was authenticated, and how tokens with it begin.
final class KnownChallenge: Sendable {
  /// The characters of the token that stand for nothing but the challenge, in whole groups of four.
  let prefix: [UInt8]
  /// What those characters say beyond the end of the challenge: 0 to 2 bytes.
  let tail: [UInt8]
  /// Under the spelling that its id covers.
  let challenge: Challenge
  /// See ``KnownChallenges/fingerprint(of:seed:)``.
  let fingerprint: UInt64

  /// - Parameters:
  ///   - token: a token with the challenge as the first member of its object.
  ///   - end: where the challenge ends in the decoded text.
  /// - Returns: nil when the challenge is too short to be told by its beginning or too long to be kept, or is not base64.
  init?(token: UnsafeBufferPointer<UInt8>, end: Int, challenge: Challenge, seed: UInt64) {
    let groups = (end + 2) / 3
    guard (KnownChallenges.window...KnownChallenges.longestPrefix).contains(4 * groups),
      4 * groups <= token.count,
      let fingerprint = KnownChallenges.fingerprint(of: token, seed: seed),
      case .success(let last) = Base64Codec.decode(
        buffer: UnsafeBufferPointer(rebasing: token[(4 * groups - 4)..<(4 * groups)])),
      last.count == 3
    else { return nil }
    prefix = Array(token[..<(4 * groups)])
    tail = Array(last.suffix(3 * groups - end))
    self.challenge = challenge
    self.fingerprint = fingerprint
  }

  /// Whether the token begins with exactly these characters.
  func begins(_ token: UnsafeBufferPointer<UInt8>) -> Bool {
    guard token.count >= prefix.count else { return false }
    return prefix.withUnsafeBytes {
      areEqual($0, UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: token[..<prefix.count])))
    }
  }
}
