public import EVM
public import MPPCore

/// A voucher with its signature (`04` §4). Whoever holds it can spend the channel's headroom or close the channel, so the
/// description never shows the signature.
public struct SignedVoucher: Sendable, Hashable, CustomStringConvertible {
  /// Longest signature that is kept, in bytes; a WebAuthn signature of the chain's limits fits.
  public static let maximumSignatureLength = 4096

  /// The channel the signature binds the amount to.
  public let channelID: Hash32
  /// Base units in total since the channel was opened.
  public let cumulativeAmount: Amount
  /// As the client sent it, in one of the encodings of `04` §4.2.
  public let signature: [UInt8]

  /// Nothing is verified; see ``VoucherVerifier``.
  public init(channelID: Hash32, cumulativeAmount: Amount, signature: [UInt8]) {
    self.channelID = channelID
    self.cumulativeAmount = cumulativeAmount
    self.signature = signature
  }

  public var description: String { "voucher(\(cumulativeAmount))" }
}
