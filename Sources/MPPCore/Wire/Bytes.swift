#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Comparison of texts by their bytes. `String ==` follows Unicode equivalence, under which different bytes are equal
/// ("é" in two spellings, the Kelvin sign and "K"); nothing that is signed or keyed may be compared that way.
extension String {
  package func equalsBytes(of other: String) -> Bool {
    // Equal bytes are equivalent texts; the converse has to be looked at.
    guard utf8.count == other.utf8.count, self == other else { return false }
    var (left, right) = (self, other)
    return left.withUTF8 { first in
      right.withUTF8 { second in
        guard let first = first.baseAddress, let second = second.baseAddress else { return true }
        return memcmp(first, second, other.utf8.count) == 0
      }
    }
  }

  /// Whether `isAllowed` holds for every byte. Has no early exit, so that many bytes are looked at at a time.
  @inline(__always)
  func allBytes(_ isAllowed: (UInt8) -> Bool) -> Bool {
    var text = self
    return text.withUTF8 { bytes in
      var refused: UInt8 = 0
      for index in bytes.indices { refused |= isAllowed(bytes[index]) ? 0 : 1 }
      return refused == 0
    }
  }
}

/// Compares in a time that depends on the lengths only.
func constantTimeEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
  guard left.count == right.count else { return false }
  var difference: UInt8 = 0
  for (first, second) in zip(left, right) { difference |= first ^ second }
  return difference == 0
}

func constantTimeEqual(_ left: String, _ right: String) -> Bool {
  let fast = left.utf8.withContiguousStorageIfAvailable { first in
    right.utf8.withContiguousStorageIfAvailable { second in constantTimeEqual(first, second) }
  }
  return (fast ?? nil) ?? constantTimeEqual(Array(left.utf8), Array(right.utf8))
}

extension UInt8 {
  /// The value of an ASCII hexadecimal digit of either case.
  var hexDigitValue: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// SP or HTAB, the only white space of HTTP.
  var isHTTPSpace: Bool {
    self == 0x20 || self == 0x09
  }

  var asciiLowercased: UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
  }
}
