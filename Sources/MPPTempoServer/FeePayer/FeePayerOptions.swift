public import EVM

/// A sponsor: pays the fees of its customers' transactions with a second signature (`06` §1.11).
public struct FeePayerOptions: Sendable {
  /// A secp256k1 key. It signs nothing but what ``SponsorPolicy`` lets through.
  public var signer: any Signer
  /// The chain's standard limits when nil.
  public var limits: SponsorLimits?
  /// The token to pay fees in when it is funded; otherwise the first funded one of the allowed tokens.
  public var feeToken: Address?
  /// Further tokens that fees may be paid in, beside pathUSD and the chain's default token.
  public var furtherFeeTokens: [Address]

  /// - Parameter limits: nil: ``SponsorLimits/standard(chainID:)``.
  public init(
    signer: any Signer, limits: SponsorLimits? = nil, feeToken: Address? = nil,
    furtherFeeTokens: [Address] = []
  ) {
    self.signer = signer
    self.limits = limits
    self.feeToken = feeToken
    self.furtherFeeTokens = furtherFeeTokens
  }
}
