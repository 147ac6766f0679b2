public import EVM
public import MPPClient

/// Why an access key cannot pay: the `underlying` of a `PaymentClientError` with the code `.accessKey`. Nothing was signed.
public enum AccessKeyError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The account has not authorized the key, and no authorization is at hand.
  case notAuthorized
  /// The account has revoked the key, for good.
  case revoked
  /// Seconds since 1970 on the chain's clock.
  case expired(at: UInt64)
  /// The chain knows the key as one of another kind.
  case wrongKind
  /// The key may not make this call.
  case outOfScope(target: Address, selector: [UInt8])
  /// Base units. With the highest fee, where the account pays it.
  case overLimit(token: Address, needed: UInt256, remaining: UInt256)
  /// The authorization at hand is for another key, account or chain, or not signed by the account.
  case unusableAuthorization

  public var description: String {
    switch self {
    case .notAuthorized: "the account has not authorized this access key"
    case .revoked: "the access key was revoked"
    case .expired(let time): "the access key expired at \(time)"
    case .wrongKind: "the access key is registered as one of another kind"
    case .outOfScope(let target, let selector):
      "the access key may not call \(Hex.encode(selector)) of \(target)"
    case .overLimit(let token, let needed, let remaining):
      "\(needed) base units of \(token) are more than the access key's limit of \(remaining)"
    case .unusableAuthorization: "the authorization of the access key is not for this payment"
    }
  }
}

extension PaymentClientError.Code {
  /// The access key may not make this payment; `underlying` is an ``AccessKeyError``. Nothing was signed.
  public static let accessKey = PaymentClientError.Code("access-key")
}

extension PaymentClientError {
  static func accessKey(_ error: AccessKeyError) -> PaymentClientError {
    PaymentClientError(.accessKey, "\(error)", underlying: error)
  }
}
