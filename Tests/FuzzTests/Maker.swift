import EVM
import MPPCore
import Tempo

/// Makes valid values of every wire type, the same for the same seed; likes borders.
struct Maker {
  var random: SplitMix

  init(seed: UInt64) { random = SplitMix(seed: seed) }

  mutating func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &random)] }
  mutating func chance() -> Bool { Bool.random(using: &random) }
  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
  mutating func optional<T>(_ make: (inout Maker) throws -> T) rethrows -> T? {
    chance() ? try make(&self) : nil
  }
  mutating func list<T>(_ range: ClosedRange<Int>, _ make: (inout Maker) throws -> T) rethrows -> [T] {
    var values: [T] = []
    for _ in 0..<number(range) { values.append(try make(&self)) }
    return values
  }

  mutating func bytes(_ range: ClosedRange<Int>) -> [UInt8] {
    list(range) { maker in
      maker.chance() ? .random(in: 0...255, using: &maker.random) : maker.pick([0, 1, 0x7F, 0x80, 0xFF])
    }
  }

  mutating func uint64() -> UInt64 {
    pick([0, 1, 127, 128, 255, 256, .max, .max - 1, 1 << 53, random.next(), random.next() >> 40])
  }

  mutating func uint128() -> UInt128 {
    pick([0, 1, .max, UInt128(1) << 96, UInt128(uint64()) << 64 | UInt128(uint64()), UInt128(uint64())])
  }

  mutating func uint256() -> UInt256 {
    pick([.zero, .max, UInt256(uint128()), UInt256(limbs: uint64(), uint64(), uint64(), uint64())])
  }

  /// Up to 2^96 − 1.
  mutating func amount96() -> Amount { Amount(units: pick([uint128() >> 32, 0, 1, (UInt128(1) << 96) - 1])) }
  mutating func amount() -> Amount { Amount(units: uint128()) }
  mutating func hash() throws -> Hash32 { try Hash32(bytes(32...32)) }
  mutating func address() throws -> Address { try Address(bytes(20...20)) }

  /// A text with everything that has ever hurt a header or a JSON text.
  mutating func text(_ range: ClosedRange<Int> = 0...12, avoidingNewlines: Bool = false) -> String {
    var pieces = [
      "a", "Z", "0", " ", ",", "=", "\"", "\\", "\\u0041", "/", "|", "\u{7F}", "é", "e\u{301}", "\u{212A}",
      "—", "😀", "\u{FB33}",
      "\u{2028}", "\u{FEFF}", "Payment ", "\t", "\u{1}", "{}", "[]", "null",
    ]
    if !avoidingNewlines { pieces += ["\n", "\r\n", "\u{0}"] }
    return list(range) { $0.pick(pieces) }.joined()
  }

  mutating func json(depth: Int = 0) -> JSONValue {
    switch number(0...(depth < 4 ? 8 : 6)) {
    case 0: .null
    case 1: .bool(chance())
    case 2: .integer(Int64(bitPattern: uint64()))
    case 3: .number(pick([0.1, -1.5, 1e300, 5e-324, 1e21, 123_456.789, -0.000001, 2.5e-8]))
    case 4, 5, 6: .string(text())
    case 7: .array(list(0...5) { $0.json(depth: depth + 1) })
    default: .object(members(depth: depth + 1))
    }
  }

  mutating func members(depth: Int = 1) -> [JSONValue.Member] {
    let count = number(0...6)
    return (0..<count).map { index in
      .init(key: text(0...3) + String(index), value: json(depth: depth))
    }
  }
}
