/// Why bytes of the chain were refused, or why a value could not be built (`02`).
///
/// Every case is final: the same input fails the same way again.
public enum TempoError: Error, Sendable, Hashable {
  /// The leading byte names no transaction type that is read here.
  case unknownTransactionType(UInt8?)
  /// The bytes are not canonical RLP, or bytes follow the outer item.
  case malformedRLP(String)
  /// The transaction list has this many items, which is none of the signed forms.
  case wrongItemCount(Int)
  /// The named field has the wrong shape, is not minimal, or is out of its range.
  case invalidField(String)
  /// The named limit of `02` §5.9 is exceeded.
  case limitExceeded(String)
  /// The value is well-formed and against a rule of the chain.
  case rule(Rule)
  /// The signature is missing, malformed, or not by the key it should be by.
  case signature(SignatureFault)
  /// Calldata, return data or a log that is not the canonical encoding of what it claims to be.
  case abi(String)
  /// An amount above 2^96 − 1 where the reserve has a uint96.
  case amountOutOfRange

  /// The rules a well-formed value can break.
  public enum Rule: String, Sendable, Hashable {
    /// A transaction names its chain.
    case chainIDZero
    /// A transaction has at least one call.
    case noCalls
    /// `maxPriorityFeePerGas` above `maxFeePerGas`.
    case tipAboveFeeCap
    /// `validBefore` is not after `validAfter`.
    case emptyValidityWindow
    /// The chain has no native coin: every call's value is zero.
    case nativeValue
    /// A call without target that is not the first, or beside delegations or a keychain signature.
    case misplacedCreate
    /// The expiring nonce key without `nonce == 0` and `validBefore`.
    case expiringNonceShape
    /// A sponsored transaction whose fee payer is its sender.
    case selfSponsored
    /// The sender named in a hand-off is not the one who signed.
    case senderMismatch
    /// The operation needs another form of the fee payer slot.
    case wrongFeePayerSlot
    /// A signer answered with a valid signature of another key.
    case signerMismatch
    /// Only the account's own key can do this, not an access key.
    case rootKeyRequired
    /// A key authorization that no chain takes: no expiry where one is meant, or an amount above 2^128 − 1.
    case impossibleKeyAuthorization
  }

  /// What is wrong with a signature.
  public enum SignatureFault: String, Sendable, Hashable {
    /// Not a length of its kind.
    case length
    /// The leading byte names no kind.
    case unknownType
    /// There is no signature where one is needed.
    case missing
    /// Keychain V1, native multisig, or a wrapper inside a wrapper.
    case unsupportedKind
    /// `v` of a secp256k1 signature, or the prehash byte of P-256.
    case nonCanonicalByte
    /// `r` or `s` is zero or not below the group order.
    case scalarOutOfRange
    /// `s` is above half the group's order: the chain refuses it on both curves.
    case highS
    /// Flags or client data that the node would refuse.
    case malformedWebAuthn
    /// The signature does not verify, or no key recovers from it.
    case invalid
  }
}
