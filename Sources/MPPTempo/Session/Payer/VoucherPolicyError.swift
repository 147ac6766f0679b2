public import MPPCore

/// Why a client will not sign a voucher. Nothing has been signed when one of these is thrown (`05` §6.2).
public enum VoucherPolicyError: Error, Sendable, Hashable {
  /// A session price is at least one base unit.
  case priceIsZero
  /// The amount is above the most the user allows on one channel.
  case capExceeded(required: Amount, cap: Amount)
  /// The amount is above the verified deposit: top up first, then ask again (U6).
  case depositExceeded(required: Amount, deposit: Amount)
  /// The server asks for more than this client's own count plus one price (A6).
  case requirementExceedsBound(required: Amount, bound: Amount)
  /// The server's smallest raise is above the price, and the user has not allowed so large a step (`05` §6.4).
  case deltaExceedsStep(delta: Amount, allowed: Amount)
  /// The server refused although this request's whole price was added; it never adds a second one (A9).
  case refusedAtFullPrice(authorized: Amount)
  /// An amount left the range of the chain (2^96 − 1) or of the account; a defect, never a server's doing.
  case outOfRange
}
