/// Reads values out of untrusted data. Every word it takes is paid from a budget as large as the data, so
/// nested offsets that point to one place cannot make it produce more than was sent.
struct ABIDecoder {
  private let bytes: [UInt8]
  private var budget: Int

  init(_ bytes: ArraySlice<UInt8>) {
    didLookAt(bytes.count)
    didMake(1, bytes: bytes.count)
    self.bytes = Array(bytes)
    self.budget = bytes.count
  }

  /// The values whose heads start at `base`; offsets count from there.
  mutating func sequence(_ types: [ABIType], base: Int) throws(ABIError) -> [ABIValue] {
    var values: [ABIValue] = []
    var head = base
    for type in types {
      if type.isDynamic {
        let offset = try count(at: head)
        guard offset <= bytes.count - base else { throw ABIError.outOfBounds }
        values.append(try value(type, at: base + offset))
      } else {
        values.append(try value(type, at: head))
      }
      head += type.headSize
    }
    return values
  }

  private mutating func value(_ type: ABIType, at position: Int) throws(ABIError) -> ABIValue {
    switch type {
    case .uint(let bits):
      let number = UInt256(try word(at: position))
      guard number.significantBits <= bits else { throw ABIError.outOfRange }
      return .uint(number)
    case .int(let bits):
      let number = UInt256(try word(at: position))
      guard number.fitsSigned(bits: bits) else { throw ABIError.outOfRange }
      return .signed(number)
    case .address:
      let word = try word(at: position)
      do { return .address(try Address(word: word)) } catch { throw ABIError.nonZeroPadding }
    case .bool:
      let number = UInt256(try word(at: position))
      guard number.significantBits <= 1 else { throw ABIError.outOfRange }
      return .bool(!number.isZero)
    case .fixedBytes(let count):
      return .fixedBytes(try padded(count, at: position))
    case .bytes:
      let length = try count(at: position)
      return .bytes(try padded(length, at: position + 32))
    case .string:
      let length = try count(at: position)
      guard let text = String(validating: try padded(length, at: position + 32), as: UTF8.self) else {
        throw ABIError.invalidUTF8
      }
      return .string(text)
    case .array(let element):
      let length = try count(at: position)
      // Each element has a head of at least a word: this bounds the array before it is made.
      guard length <= budget / element.headSize else { throw ABIError.outOfBounds }
      didMake(length, bytes: 0)
      return .array(try sequence(Array(repeating: element, count: length), base: position + 32))
    case .fixedArray(let element, let length):
      guard length <= budget / element.headSize else { throw ABIError.outOfBounds }
      didMake(length, bytes: 0)
      return .array(try sequence(Array(repeating: element, count: length), base: position))
    case .tuple(let types):
      return .tuple(try sequence(types, base: position))
    }
  }

  private mutating func word(at position: Int) throws(ABIError) -> Hash32 {
    guard position <= bytes.count - 32, budget >= 32 else { throw ABIError.outOfBounds }
    budget -= 32
    didLookAt(32)
    didMake(1, bytes: 32)
    return Hash32(unchecked: bytes, at: position)
  }

  /// An offset or a length; none can be larger than the data.
  private mutating func count(at position: Int) throws(ABIError) -> Int {
    guard let number = UInt256(try word(at: position)).uint64, number <= UInt64(bytes.count) else {
      throw ABIError.outOfBounds
    }
    return Int(number)
  }

  /// `count` bytes and the zeros that fill their last word.
  private mutating func padded(_ count: Int, at position: Int) throws(ABIError) -> [UInt8] {
    let total = (count + 31) / 32 * 32
    guard position <= bytes.count - total, budget >= total else { throw ABIError.outOfBounds }
    budget -= total
    didLookAt(total)
    didMake(1, bytes: count)
    guard bytes[position + count..<position + total].allSatisfy({ $0 == 0 }) else {
      throw ABIError.nonZeroPadding
    }
    return Array(bytes[position..<position + count])
  }
}
