/// Why a value does not fit its ABI type, or bytes are not an encoding of the types. Never worth a retry.
public enum ABIError: Error, Sendable, Hashable {
  /// A width, length or element type that does not exist or has no size.
  case unsupportedType
  /// A value of another kind, or another number of values than types.
  case typeMismatch
  /// An integer too wide for its type, a boolean above one, a `bytesN` of another length.
  case outOfRange
  /// Padding that is not zero.
  case nonZeroPadding
  /// An offset or a length that points outside the data.
  case outOfBounds
  /// The bytes say the same as the canonical encoding but differ from it: trailing bytes, unusual offsets.
  case nonCanonical
  /// A `string` whose bytes are no text.
  case invalidUTF8
  /// The data starts with another selector or topic.
  case wrongSelector
}
