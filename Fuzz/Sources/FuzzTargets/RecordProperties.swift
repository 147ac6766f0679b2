@testable import MPPCore
@testable import MPPTempo
@testable import TempoRPC

/// Stored records. The first byte chooses the kind; the checksum is made to fit, or no input would pass it.
enum RecordProperties {
  static func check(_ bytes: [UInt8]) throws {
    guard let kind = bytes.first else { return }
    let body = bytes.dropFirst()
    switch kind % 4 {
    case 0:
      let stored = withChecksum(body)
      guard let record = try? ChannelRecord(decoding: stored) else { return }
      try require(try record.encoded() == stored, "a channel record has two stored forms")
    case 1:
      let stored = withChecksum(body)
      guard let intent = try? ChainIntent(decoding: stored) else { return }
      try require(try ChainIntent(decoding: intent.encoded()) == intent, "a chain intent changes")
    case 3:
      let stored = withChecksum(body)
      guard let record = try? ChargeRecord(decoding: stored) else { return }
      try require(try record.encoded() == stored, "a charge record has two stored forms")
    default:
      guard let channel = try? ClientChannel(decoding: Array(body)) else { return }
      let stored = channel.encoded()
      try require(try ClientChannel(decoding: stored).encoded() == stored, "a stored channel changes")
    }
  }

  static func withChecksum(_ body: ArraySlice<UInt8>) -> [UInt8] {
    let sum = RecordChecksum.of(Array(body)[...])
    return Array(body) + withUnsafeBytes(of: sum.bigEndian) { Array($0) }
  }
}
