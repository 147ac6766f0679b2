import EVM

/// A transaction that its sender has signed and that waits for a sponsor (`02` §6.2), in either form.
struct HandOff {
  let unsigned: UnsignedTransaction
  let envelope: [UInt8]
  /// Of the `0x78` form.
  let claimedSender: Address?

  static func isOne(_ raw: [UInt8]) -> Bool {
    do {
      _ = try HandOff(raw)
      return true
    } catch {
      return false
    }
  }

  init(_ raw: [UInt8]) throws(RPCFailure) {
    do {
      guard raw.count <= TransactionDecoder.maximumBytes, raw.first == 0x76 || raw.first == 0x78 else {
        throw RPCFailure.undecodable
      }
      let items = try RLP.decode(
        raw[1...], limits: RLP.Limits(maximumBytes: TransactionDecoder.maximumBytes)
      ).list()
      guard items.count == 14 || items.count == 15, items[10] == .empty else {
        throw RPCFailure.undecodable
      }
      if raw.first == 0x78 {
        claimedSender = try items[11].address()
      } else {
        guard items[11] == .bytes([0]) else { throw RPCFailure.undecodable }
        claimedSender = nil
      }
      envelope = SignatureRules.normalised(try items[items.count - 1].bytes())
      unsigned = UnsignedTransaction(handOff: Array(items.dropLast()))
    } catch {
      throw .undecodable
    }
  }
}
