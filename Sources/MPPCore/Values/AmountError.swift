/// Why a text is not an amount, or why a sum of amounts does not exist.
public enum AmountError: Error, Hashable, Sendable {
  /// No characters.
  case empty
  /// A sign, a separator, an exponent, or a point without digits on both sides.
  case invalidCharacter
  /// More than 78 digits.
  case tooLong
  /// The number of decimals is outside 0…38.
  case invalidDecimals
  /// The text has more significant fraction digits than the token has decimals.
  case tooManyFractionDigits(decimals: Int)
  /// The result does not fit into 128 bits.
  case overflow
  /// The result would be negative.
  case underflow
}
