/// A quick hash by which a memory of texts finds its places. With a random seed nobody can foresee them; it decides nothing.
enum Fingerprint {
  /// - Parameter bytes: a multiple of eight; the rest is not looked at.
  static func of(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    var state = seed
    var offset = 0
    while offset &+ 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      let (high, low) = (state ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
      state = high ^ low &+ seed
      offset &+= 8
    }
    return state
  }
}
