import EVM
package import MPPCore

extension SessionReceipt {
  /// The header value of a receipt, as ``init(timestamp:challengeID:channelID:acceptedCumulative:spent:units:transactionHash:)`` and
  /// ``headerValue()`` make it, in one go: what every paid request needs.
  package static func headerValue(
    timestamp: Timestamp, challengeID: String, of channel: ChannelRecord, accepted: Amount, units: Int64
  ) -> String {
    let amounts = Amounts(accepted: accepted, spent: channel.used, units: units)
    let written = plain(challengeID, channel.channelID, amounts, nil) { writer in
      writer.reserve(Timestamp.rfc3339Length) { timestamp.write(to: $0) }
    }
    return written
      ?? SessionReceipt(
        timestamp: timestamp, challengeID: challengeID, channelID: channel.channelID,
        acceptedCumulative: accepted, spent: channel.used, units: units
      ).headerValue()
  }

  /// The header value of a receipt as this package makes them; nil when a text would have to be escaped or there are members of others.
  func plainHeaderValue() -> String? {
    guard extra.isEmpty, timestamp.isPlainJSON else { return nil }
    let amounts = Amounts(accepted: acceptedCumulative, spent: spent, units: units)
    return Self.plain(challengeID, channelID, amounts, transactionHash) { $0.text(timestamp) }
  }

  private struct Amounts {
    let accepted: Amount
    let spent: Amount
    let units: Int64?
  }

  /// The members of ``jsonValue``.
  private static func plain(
    _ challengeID: String, _ channelID: Hash32, _ amounts: Amounts, _ transactionHash: Hash32?,
    timestamp: (inout PlainJSONWriter) -> Void
  ) -> String? {
    guard challengeID.isPlainJSON, amounts.units.map({ $0 >= 0 }) ?? true else { return nil }
    return PlainJSONWriter.base64URL { writer in
      writer.raw(#"{"method":"tempo","intent":"session","status":"success","timestamp":""#)
      timestamp(&writer)
      writer.raw(#"","reference":""#)
      let reference = writer.count
      writer.hex(channelID)
      let written = reference..<writer.count
      writer.raw(#"","challengeId":""#)
      writer.text(challengeID)
      writer.raw(#"","channelId":""#)
      writer.again(written)
      writer.raw(#"","acceptedCumulative":""#)
      writer.amount(amounts.accepted)
      writer.raw(#"","spent":""#)
      writer.amount(amounts.spent)
      writer.raw(#"""#)
      if let units = amounts.units {
        writer.raw(#","units":"#)
        writer.number(UInt64(units))
      }
      if let transactionHash {
        writer.raw(#","txHash":""#)
        writer.hex(transactionHash)
        writer.raw(#"""#)
      }
      writer.raw("}")
    }
  }
}

extension PlainJSONWriter {
  fileprivate mutating func hex(_ word: Hash32) {
    reserve(66) { word.appendHex(to: $0) }
  }
}
