import EVM
import MPPCore

extension SessionReceipt {
  /// The header value of a receipt as this package makes them, written in one go; nil when a text would have to be escaped or there are
  /// members of others. The members are those of ``jsonValue``.
  func plainHeaderValue() -> String? {
    guard extra.isEmpty, timestamp.isPlainJSON, challengeID.isPlainJSON else { return nil }
    var writer = PlainJSONWriter(capacity: 512 + timestamp.utf8.count + challengeID.utf8.count)
    writer.raw(#"{"method":"tempo","intent":"session","status":"success","timestamp":""#)
    writer.text(timestamp)
    writer.raw(#"","reference":""#)
    writer.hex(channelID)
    writer.raw(#"","challengeId":""#)
    writer.text(challengeID)
    writer.raw(#"","channelId":""#)
    writer.hex(channelID)
    writer.raw(#"","acceptedCumulative":""#)
    writer.amount(acceptedCumulative)
    writer.raw(#"","spent":""#)
    writer.amount(spent)
    writer.raw(#"""#)
    if let units {
      guard units >= 0 else { return nil }
      writer.raw(#","units":"#)
      writer.number(UInt64(units))
    }
    if let transactionHash {
      writer.raw(#","txHash":""#)
      writer.hex(transactionHash)
      writer.raw(#"""#)
    }
    writer.raw("}")
    return writer.base64URL()
  }
}

extension PlainJSONWriter {
  fileprivate mutating func hex(_ word: Hash32) {
    reserve(66) { word.appendHex(to: $0) }
  }
}
