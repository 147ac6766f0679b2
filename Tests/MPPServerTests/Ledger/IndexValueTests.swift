import MPPServer
import Testing

struct IndexValueTests {
  @Test(arguments: [0, 1, 7, 8, 9, 256]) func bytesComeBackAsTheyWere(_ count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: 255 - $0) }
    #expect(IndexValue(slot: 1, bytes: bytes).bytes == bytes)
  }

  @Test func aNumberIsItsBigEndianBytes() {
    let value = IndexValue(slot: 2, number: 0x0102_0304_0506_0708)
    #expect(value.bytes == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(value == IndexValue(slot: 2, bytes: [1, 2, 3, 4, 5, 6, 7, 8]))
    #expect(value.bytes == IndexValue.bytes(of: 0x0102_0304_0506_0708))
    #expect(value != IndexValue(slot: 1, number: 0x0102_0304_0506_0708))
    #expect(value != IndexValue(slot: 2, bytes: [1, 2, 3, 4, 5, 6, 7]))
    #expect(IndexValue(slot: 1, number: -5).bytes == [UInt8](repeating: 0, count: 8))
  }
}
