public import EVM

/// A sponsor: pays the fees of its customers' transactions with a second signature (`06` §1.11).
public struct FeePayerOptions: Sendable {
  /// Where the second signature comes from.
  public enum Source: Sendable {
    /// A secp256k1 key. It signs nothing but what ``SponsorPolicy`` lets through.
    case signer(any Signer)
    /// A host that is asked for each transaction.
    case host(FeePayerHost)
  }

  /// A key here, or a host.
  public var source: Source
  /// The chain's standard limits when nil.
  public var limits: SponsorLimits?
  /// The token to pay fees in when it is funded; otherwise the first funded one of the allowed tokens. A host chooses itself.
  public var feeToken: Address?
  /// Further tokens that fees may be paid in, beside pathUSD and the chain's default token. For a host see
  /// ``FeePayerHost/feeTokens``.
  public var furtherFeeTokens: [Address]

  /// - Parameter limits: nil: ``SponsorLimits/standard(chainID:)``.
  public init(
    signer: any Signer, limits: SponsorLimits? = nil, feeToken: Address? = nil,
    furtherFeeTokens: [Address] = []
  ) {
    source = .signer(signer)
    self.limits = limits
    self.feeToken = feeToken
    self.furtherFeeTokens = furtherFeeTokens
  }

  /// Fees are paid by somebody else's service.
  public init(host: FeePayerHost, limits: SponsorLimits? = nil) {
    source = .host(host)
    self.limits = limits
    furtherFeeTokens = []
  }
}
