public import MPPCore
import Synchronization

/// Random numbers that are the same at every run (SplitMix64). For tests only.
public final class SeededRandom: RandomSource, RandomNumberGenerator {
  private let state: Mutex<UInt64>

  /// - Parameter seed: equal seeds give equal sequences.
  public init(seed: UInt64) { state = Mutex(seed) }

  /// The next 64 bits; callers on several threads share one sequence.
  public func next() -> UInt64 {
    let base: UInt64 = state.withLock { state in
      state &+= 0x9E37_79B9_7F4A_7C15
      return state
    }
    var mixed = (base ^ (base >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// - Parameter count: bytes. Each call begins with fresh words, so what is left of the last one is not
  ///   used.
  public func fill(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      withUnsafeBytes(of: next().littleEndian) { bytes.append(contentsOf: $0) }
    }
    return Array(bytes.prefix(count))
  }
}
