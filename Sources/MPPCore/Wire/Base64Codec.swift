/// Both kinds of base64. The hot loops are over raw memory: they run over every credential and every receipt.
enum Base64Codec {
  private static let standardAlphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let urlAlphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  /// The two characters of twelve bits, the first one in the lower byte.
  private static let standardPairs = pairs(standardAlphabet)
  private static let urlPairs = pairs(urlAlphabet)

  private static func pairs(_ alphabet: [UInt8]) -> [UInt16] {
    (0..<4096).map { UInt16(alphabet[$0 >> 6]) | UInt16(alphabet[$0 & 63]) << 8 }
  }

  /// Set in the value of a character outside both alphabets.
  private static let invalid: UInt32 = 1 << 31

  /// The values of a character as the first, second, third and fourth of its group, already in their place.
  private static let values: [UInt32] = {
    var table = [UInt32](repeating: invalid, count: 4 * 256)
    for alphabet in [standardAlphabet, urlAlphabet] {
      for (value, character) in alphabet.enumerated() {
        for place in 0..<4 {
          table[256 * place + Int(character)] = UInt32(value) << UInt32(18 - 6 * place)
        }
      }
    }
    return table
  }()

  static func encode(_ bytes: some Sequence<UInt8>, isURL: Bool) -> String {
    let fast = bytes.withContiguousStorageIfAvailable { encode(buffer: $0, isURL: isURL) }
    if let fast { return fast }
    return Array(bytes).withUnsafeBufferPointer { encode(buffer: $0, isURL: isURL) }
  }

  static func encode(buffer bytes: UnsafeBufferPointer<UInt8>, isURL: Bool) -> String {
    let capacity = (bytes.count + 2) / 3 * 4
    return (isURL ? urlPairs : standardPairs).withUnsafeBufferPointer { pairs in
      String(unsafeUninitializedCapacity: capacity) { output in
        guard let source = bytes.baseAddress, let target = output.baseAddress,
          let pairs = pairs.baseAddress
        else { return 0 }
        let count = encode(source, bytes.count, target, pairs)
        guard !isURL else { return count }
        for index in count..<capacity { output[index] = UInt8(ascii: "=") }
        return capacity
      }
    }
  }

  /// Writes all characters but the padding; the target has room for them.
  private static func encode(
    _ source: UnsafePointer<UInt8>, _ count: Int, _ target: UnsafeMutablePointer<UInt8>,
    _ pairs: UnsafePointer<UInt16>
  ) -> Int {
    let (raw, output) = (UnsafeRawPointer(source), UnsafeMutableRawPointer(target))
    var (index, out) = (0, 0)
    // Six bytes at a time; eight are read.
    while index &+ 8 <= count {
      let word = UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      let low = UInt64(pairs[Int(word &>> 52)]) | UInt64(pairs[Int(word &>> 40 & 0xFFF)]) &<< 16
      let high = UInt64(pairs[Int(word &>> 28 & 0xFFF)]) | UInt64(pairs[Int(word &>> 16 & 0xFFF)]) &<< 16
      output.storeBytes(of: (low | high &<< 32).littleEndian, toByteOffset: out, as: UInt64.self)
      index &+= 6
      out &+= 8
    }
    while index < count {
      let rest = min(count - index, 3)
      let (a, b) = (Int(source[index]), rest > 1 ? Int(source[index + 1]) : 0)
      let c = rest > 2 ? Int(source[index + 2]) : 0
      let group = UInt32(pairs[a << 4 | b >> 4]) | UInt32(pairs[(b & 15) << 8 | c]) << 16
      for place in 0...rest { target[out + place] = UInt8(truncatingIfNeeded: group >> UInt32(8 * place)) }
      index += rest
      out += rest + 1
    }
    return out
  }

  static func decode(_ text: some StringProtocol) throws(Base64Error) -> [UInt8] {
    // The closure returns a result because the standard library's method does not rethrow typed errors.
    let fast = text.utf8.withContiguousStorageIfAvailable { decode(buffer: $0) }
    return try (fast ?? Array(text.utf8).withUnsafeBufferPointer { decode(buffer: $0) }).get()
  }

  /// - Parameter head: bytes that stand before the decoded ones in the result.
  static func decode(
    buffer text: UnsafeBufferPointer<UInt8>, after head: [UInt8] = []
  ) -> Result<[UInt8], Base64Error> {
    didLookAt(text.count)
    var count = text.count
    while count > 0, text[count - 1] == UInt8(ascii: "=") { count -= 1 }
    guard count % 4 != 1 else { return .failure(.invalidLength) }
    let size = count / 4 * 3 + max(count % 4 - 1, 0)
    var failure: Base64Error?
    let bytes = [UInt8](capacity: head.count + size + 2) { output in
      for (index, byte) in head.enumerated() { output[index] = byte }
      guard let source = text.baseAddress, let target = output.baseAddress else { return head.count }
      failure = values.withUnsafeBufferPointer { values in
        values.baseAddress.map { decode(source, count, target + head.count, $0) } ?? nil
      }
      return head.count + size
    }
    if let failure { return .failure(failure) }
    return .success(bytes)
  }

  /// Writes the bytes of `count` characters, and up to two bytes more.
  private static func decode(
    _ source: UnsafePointer<UInt8>, _ count: Int, _ target: UnsafeMutablePointer<UInt8>,
    _ values: UnsafePointer<UInt32>
  ) -> Base64Error? {
    let raw = UnsafeMutableRawPointer(target)
    let (second, third, fourth) = (values + 256, values + 512, values + 768)
    var seen: UInt32 = 0
    var (index, out) = (0, 0)
    while index &+ 7 < count {
      let first =
        values[Int(source[index])] | second[Int(source[index &+ 1])] | third[Int(source[index &+ 2])]
        | fourth[Int(source[index &+ 3])]
      let next =
        values[Int(source[index &+ 4])] | second[Int(source[index &+ 5])] | third[Int(source[index &+ 6])]
        | fourth[Int(source[index &+ 7])]
      seen |= first | next
      let word = UInt64(first) &<< 40 | UInt64(next & ~invalid) &<< 16
      raw.storeBytes(of: word.bigEndian, toByteOffset: out, as: UInt64.self)
      index &+= 8
      out &+= 6
    }
    while index < count {
      let rest = min(count - index, 4)
      var group = values[Int(source[index])] | second[Int(source[index + 1])]
      if rest > 2 { group |= third[Int(source[index + 2])] }
      if rest > 3 { group |= fourth[Int(source[index + 3])] }
      seen |= group
      if seen & invalid == 0, rest < 4, group & (rest == 3 ? 0xFF : 0xFFFF) != 0 {
        return .nonZeroTrailingBits
      }
      for byte in 0..<(rest - 1) {
        target[out] = UInt8(truncatingIfNeeded: group >> UInt32(16 - 8 * byte))
        out += 1
      }
      index += rest
    }
    return seen & invalid == 0 ? nil : .invalidCharacter
  }
}
