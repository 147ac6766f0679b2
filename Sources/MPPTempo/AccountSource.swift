public import EVM
public import MPPCore

/// The account a credential's `source` names: `did:pkh:eip155:<chain id>:<address>` (`02` §1.3, §4.3).
///
/// Still a claim. A method turns it into a verified source after it has checked a signature.
public struct AccountSource: Sendable, Hashable, CustomStringConvertible {
  /// The chain the account lives on: decimal digits in the text, at most 2^53 − 1 when parsed.
  public let chainID: UInt64
  /// The account: for a proof by an access key still the root account, never the key.
  public let address: Address

  /// Makes the claim for an account; nothing is checked.
  public init(chainID: UInt64, address: Address) {
    self.chainID = chainID
    self.address = address
  }

  /// Strict: a decimal chain id without leading zeros up to 2^53 − 1, and an address in lower case or in exactly
  /// its EIP-55 spelling. `nil` for everything else.
  public init?(strict source: UnverifiedSource) {
    guard let (chainID, text) = source.account else { return nil }
    do {
      self.init(chainID: chainID, address: try Address(checksummed: text))
    } catch {
      return nil
    }
  }

  /// With the EIP-55 spelling of the address, as charges and sessions write it.
  public var text: String { "did:pkh:eip155:\(chainID):\(address.checksummed)" }
  /// With the address in lower case, as subscriptions write it.
  public var lowerCaseText: String { "did:pkh:eip155:\(chainID):\(address.hex)" }
  public var description: String { text }

  /// The claim, to go into a credential.
  public var unverified: UnverifiedSource { UnverifiedSource(text) }
}
