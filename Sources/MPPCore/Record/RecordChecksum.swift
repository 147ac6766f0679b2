/// Finds accidental damage of stored records. Not a defence against somebody who can write to the ledger: nothing is.
///
/// Each eight-byte word goes through a step that maps different words to different states, so damage within one word is always
/// found; damage of several words goes unnoticed with a chance of 2⁻⁶⁴.
package enum RecordChecksum {
  package static let length = 8

  package static func of(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.withUnsafeBytes { of($0) }
  }

  static func of(_ buffer: UnsafeRawBufferPointer) -> UInt64 {
    var sum = 0x9E37_79B9_7F4A_7C15 ^ UInt64(buffer.count)
    var offset = 0
    func word(_ start: UnsafeRawPointer, _ offset: Int) -> UInt64 {
      UInt64(littleEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    if let start = buffer.baseAddress {
      // Four words at a time: the loop itself costs as much as a word.
      while offset &+ 32 <= buffer.count {
        sum = step(sum, word(start, offset))
        sum = step(sum, word(start, offset &+ 8))
        sum = step(sum, word(start, offset &+ 16))
        sum = step(sum, word(start, offset &+ 24))
        offset &+= 32
      }
      while offset &+ 8 <= buffer.count {
        sum = step(sum, word(start, offset))
        offset &+= 8
      }
    }
    var last: UInt64 = 0
    while offset < buffer.count {
      last = last << 8 | UInt64(buffer[offset])
      offset += 1
    }
    sum = step(sum, last)
    sum = (sum ^ (sum >> 32)) &* 0xD6E8_FEB8_6659_FD93
    return sum ^ (sum >> 32)
  }

  @inline(__always)
  private static func step(_ sum: UInt64, _ word: UInt64) -> UInt64 {
    let mixed = (sum ^ word) &* 0xFF51_AFD7_ED55_8CCD
    return mixed &<< 29 | mixed &>> 35
  }
}
