import FuzzTargets

/// Damages inputs of a corpus the way libFuzzer does, the same for the same seed.
struct Mutator {
  private var random: SplitMix
  private let corpus: [[UInt8]]

  init(seed: UInt64, corpus: [[UInt8]]) {
    random = SplitMix(seed: seed)
    self.corpus = corpus
  }

  mutating func next() -> [UInt8] {
    var bytes = pick(corpus)
    for _ in 0...Int.random(in: 0..<4, using: &random) { mutate(&bytes) }
    return bytes
  }

  private mutating func mutate(_ bytes: inout [UInt8]) {
    let position = Int.random(in: 0...bytes.count, using: &random)
    let rest = bytes.count - position
    switch Int.random(in: 0..<8, using: &random) {
    case 0 where rest > 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1 where rest > 0: bytes[position] = .random(in: 0...255, using: &random)
    case 2: bytes.insert(.random(in: 0...255, using: &random), at: position)
    case 3 where rest > 0:
      bytes.removeSubrange(position..<(position + Int.random(in: 1...rest, using: &random)))
    case 4:
      let other = pick(corpus)
      bytes = Array(bytes[..<position] + other.suffix(Int.random(in: 0...other.count, using: &random)))
    case 5 where rest > 0:
      let piece = bytes[position..<(position + Int.random(in: 1...min(rest, 32), using: &random))]
      bytes.insert(contentsOf: piece, at: position)
    case 6:
      let byte: UInt8 = pick([0x00, 0x22, 0x2C, 0x30, 0x5B, 0x5C, 0x7B, 0x80, 0xC0, 0xCC, 0xFF])
      let count = Int.random(in: 1...200, using: &random)
      bytes.insert(contentsOf: repeatElement(byte, count: count), at: position)
    default:
      bytes.insert(contentsOf: pick(Self.words).utf8, at: position)
    }
  }

  private static let words = [
    "Payment ", ", ", "\"", "\\u0000", "\\ud83d\\ude00", "{\"a\":", "[[[[", "null", "1e400", "-0",
    "\u{301}\u{328}",
    "79228162514264337593543950336", "340282366920938463463374607431768211456", "0x", "\r\n",
    "2026-02-30T24:00:00Z",
  ]

  private mutating func pick<T>(_ choices: [T]) -> T {
    choices[Int.random(in: 0..<choices.count, using: &random)]
  }
}
