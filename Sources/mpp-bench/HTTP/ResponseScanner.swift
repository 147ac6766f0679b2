/// As much of HTTP as a load generator needs: where an answer with a length ends.
enum ResponseScanner {
  private static let name = Array("content-length:".utf8)

  /// Length of head and body together; `nil` while the head is not complete.
  static func length(_ bytes: UnsafeRawBufferPointer) -> Int? {
    var body = 0
    var line = 0
    var index = 0
    while index + 1 < bytes.count {
      guard bytes[index] == 13, bytes[index + 1] == 10 else {
        index += 1
        continue
      }
      if index == line { return index + 2 + body }
      if let value = contentLength(bytes, line, index) { body = value }
      index += 2
      line = index
    }
    return nil
  }

  private static func contentLength(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Int? {
    guard end - start > name.count, bytes[start] | 0x20 == name[0] else { return nil }
    for offset in 0..<name.count where bytes[start + offset] | 0x20 != name[offset] | 0x20 { return nil }
    var value = 0
    for byte in bytes[(start + name.count)..<end] where byte >= 48 && byte <= 57 {
      value = value * 10 + Int(byte - 48)
    }
    return value
  }
}
