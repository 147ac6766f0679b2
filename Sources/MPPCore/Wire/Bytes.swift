#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Comparison of texts by their bytes. `String ==`, `<` and `hash` follow Unicode equivalence: different bytes
/// are equal ("é" in two spellings, the Kelvin sign and "K"), and a long run of combining marks costs the square
/// of its length (40,000 marks: over a second). No text of a peer may be compared or hashed that way.
extension String {
  package func equalsBytes(of other: String) -> Bool {
    guard utf8.count == other.utf8.count else { return false }
    didLookAt(utf8.count)
    return Self.areSame(utf8, other.utf8)
  }

  // Apart from the comparison of the lengths, which is nearly always all there is to do. A span keeps its text alive while it is looked
  // at; the bytes themselves are nearly always at hand.
  @inline(never)
  private static func areSame(_ left: UTF8View, _ right: UTF8View) -> Bool {
    let isSame = left.withContiguousStorageIfAvailable { first in
      right.withContiguousStorageIfAvailable {
        areEqual(UnsafeRawBufferPointer(first), UnsafeRawBufferPointer($0))
      }
    }
    return (isSame ?? nil) ?? left.span.bytes.equals(right.span.bytes)
  }

  /// For `Hashable` types whose texts come from peers; fits `equalsBytes`.
  package func hashBytes(into hasher: inout Hasher) {
    var text = self
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    hasher.combine(UInt8(0xFF))
  }

  /// Whether all bytes are visible ASCII or space, and none of them is one of two others.
  func isVisibleASCII(without first: UInt8, _ second: UInt8) -> Bool {
    let bytes = utf8.span.bytes
    var index = 0
    var refused: UInt64 = 0
    while index &+ 8 <= bytes.byteCount {
      let word = bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
      refused |= Self.refused(in: word, first, second)
      index &+= 8
    }
    // The rest is filled up with spaces, which are allowed.
    var rest: UInt64 = 0x2020_2020_2020_2020
    while index < bytes.byteCount {
      rest = rest << 8 | UInt64(bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt8.self))
      index &+= 1
    }
    return refused | Self.refused(in: rest, first, second) == 0
  }

  /// The high bit of every byte that is not visible ASCII or is one of the two, eight bytes at a time.
  @inline(__always)
  private static func refused(in word: UInt64, _ first: UInt8, _ second: UInt8) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let lows = ones &* 0x7F
    func zeroes(_ value: UInt64) -> UInt64 { ~((value & lows) &+ lows | value) }
    let control = ~((word & lows) &+ ones &* 0x60)
    let delete = zeroes(word ^ lows)
    let others = zeroes(word ^ ones &* UInt64(first)) | zeroes(word ^ ones &* UInt64(second))
    return (word | control | delete | others) & (ones &* 0x80)
  }
}

func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
  guard left.count == right.count else { return false }
  guard let first = left.baseAddress, let second = right.baseAddress else { return true }
  return memcmp(first, second, left.count) == 0
}

extension [UInt8] {
  /// An array of bytes that `fill` writes; it returns how many. As `init(unsafeUninitializedCapacity:initializingWith:)`, which the
  /// standard library does not make for the element's type: it looks up the type of the array's memory each time.
  package init(capacity: Int, _ fill: (UnsafeMutableBufferPointer<UInt8>) -> Int) {
    self = []
    reserveCapacity(capacity)
    append(addingCapacity: capacity) { output in
      output.withUnsafeMutableBufferPointer { target, count in count = fill(target) }
    }
  }
}

extension RawSpan {
  /// Whether both are the same bytes.
  package func equals(_ other: RawSpan) -> Bool {
    withUnsafeBytes { first in other.withUnsafeBytes { areEqual(first, $0) } }
  }

  /// Whether this is the text of a literal.
  package func equals(_ literal: StaticString) -> Bool {
    withUnsafeBytes {
      areEqual($0, UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }
  }
}

/// The position of the first `byte` from `start` on, nil when there is none.
func firstIndex(of byte: UInt8, in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
  guard let base = bytes.baseAddress, start < bytes.count else { return nil }
  let found = memchr(base + start, Int32(byte), bytes.count - start)
  let index = found.map { UnsafeRawPointer(base).distance(to: $0) }
  didLookAt((index ?? bytes.count) - start + 1)
  return index
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
