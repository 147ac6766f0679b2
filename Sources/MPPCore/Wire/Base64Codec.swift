/// Both kinds of base64. The hot loops are over raw memory: they run over every credential and every receipt.
enum Base64Codec {
  private static let standardAlphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let urlAlphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

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
    return (isURL ? urlAlphabet : standardAlphabet).withUnsafeBufferPointer { alphabet in
      String(unsafeUninitializedCapacity: capacity) { output in
        guard let source = bytes.baseAddress, let target = output.baseAddress,
          let digits = alphabet.baseAddress
        else { return 0 }
        let count = encode(source, bytes.count, target, digits)
        guard !isURL else { return count }
        for index in count..<capacity { output[index] = UInt8(ascii: "=") }
        return capacity
      }
    }
  }

  /// Writes all characters but the padding; the target has room for them.
  private static func encode(
    _ source: UnsafePointer<UInt8>, _ count: Int, _ target: UnsafeMutablePointer<UInt8>,
    _ digits: UnsafePointer<UInt8>
  ) -> Int {
    var (index, out) = (0, 0)
    while index &+ 2 < count {
      let (a, b, c) = (Int(source[index]), Int(source[index &+ 1]), Int(source[index &+ 2]))
      target[out] = digits[a &>> 2]
      target[out &+ 1] = digits[(a & 3) &<< 4 | b &>> 4]
      target[out &+ 2] = digits[(b & 15) &<< 2 | c &>> 6]
      target[out &+ 3] = digits[c & 63]
      index &+= 3
      out &+= 4
    }
    guard index < count else { return out }
    let (a, b) = (Int(source[index]), index + 1 < count ? Int(source[index + 1]) : 0)
    target[out] = digits[a >> 2]
    target[out + 1] = digits[(a & 3) << 4 | b >> 4]
    guard index + 1 < count else { return out + 2 }
    target[out + 2] = digits[(b & 15) << 2]
    return out + 3
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
    let bytes = [UInt8](unsafeUninitializedCapacity: head.count + size + 2) { output, written in
      for (index, byte) in head.enumerated() { output[index] = byte }
      written = head.count
      guard let source = text.baseAddress, let target = output.baseAddress else { return }
      failure = values.withUnsafeBufferPointer { values in
        values.baseAddress.map { decode(source, count, target + head.count, $0) } ?? nil
      }
      written += size
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
