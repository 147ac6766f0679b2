/// Why bytes are not the canonical encoding of the value that was asked for. The input is bad; never retry.
public enum RLPError: Error, Sendable, Hashable {
  /// The input ends inside an item, or an item reaches beyond its list.
  case truncated
  /// Bytes after the outer item.
  case trailingBytes
  /// A length that could have been written shorter, or a single byte below `0x80` with a prefix.
  case nonCanonicalLength
  /// An integer with a leading zero.
  case nonCanonicalInteger
  /// More bytes, members or nesting than the limits allow.
  case limitExceeded
  /// A string where a list belongs, or the other way round.
  case typeMismatch
  /// A list of another number of members.
  case wrongArity(expected: Int, actual: Int)
  /// A string that has not the length of an address or a hash.
  case wrongLength
  /// An integer too wide for the type it is read as.
  case integerOverflow
}
