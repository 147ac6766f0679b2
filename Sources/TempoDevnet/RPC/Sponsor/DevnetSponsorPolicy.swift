public import EVM
import MPPCore

/// How the fee payer at `/sponsor` behaves: honestly, or in one of the ways a client must not fall for
/// (`03` §10.6). HTTP failures and delays are fault rules with the path `/sponsor`.
public struct DevnetSponsorPolicy: Sendable, Hashable {
  /// Where the HTTP server has the fee payer.
  public static let path = "/sponsor"

  /// The token it pays in.
  public var feeToken: Address = Addresses.pathUSD
  /// Refuses with this message.
  public var refusal: String?
  /// Names this token in its answers and signs for ``feeToken``.
  public var claimedFeeToken: Address?
  /// Signs with a key that belongs to nobody.
  public var signsWithWrongKey = false
  /// Leaves these members out of the transaction it answers: `feePayerSignature`, `feeToken`.
  public var omittedMembers: Set<String> = []

  /// An honest sponsor that pays in pathUSD.
  public init() {}

  init(json: JSONValue) throws(RPCFailure) {
    if let value = json["feeToken"] { feeToken = try RPCParameters.address(value, "feeToken") }
    if let value = json["claimedFeeToken"], !value.isNull {
      claimedFeeToken = try RPCParameters.address(value, "claimedFeeToken")
    }
    refusal = json["refusal"]?.stringValue
    signsWithWrongKey = json["signsWithWrongKey"]?.boolValue ?? false
    omittedMembers = Set((json["omittedMembers"]?.arrayValue ?? []).compactMap(\.stringValue))
  }
}
