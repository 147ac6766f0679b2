import Crypto
import EVM
import MPPCore
import MPPServer
import MPPTempo
import Tempo

/// Which channel a payer opened last for the same purpose: how it is found by who asks. A hint; what it names is looked at anew.
struct PayerChannel: LedgerRecord {
  static let kind = RecordKind.payerChannel
  private static let schema: UInt8 = 1
  let channelID: Hash32

  init(_ channelID: Hash32) { self.channelID = channelID }

  init(decoding bytes: [UInt8]) throws {
    var reader = try RecordReader(bytes, newest: Self.schema)
    channelID = try Hash32(try reader.fixed(32))
    try reader.finish()
  }

  func encoded() throws -> [UInt8] {
    var writer = RecordWriter(schema: Self.schema, capacity: 64)
    writer.fixed(channelID.bytes)
    return writer.finish()
  }

  /// Where the channel for `terms` of a payer is found.
  static func key(_ payer: Address, _ terms: SessionTerms) -> RecordKey {
    key(
      payer, payee: terms.recipient, token: terms.currency, operator: terms.operator, terms.escrow,
      terms.chainID)
  }

  /// Where a channel is to be found.
  static func key(of record: ChannelRecord) -> RecordKey {
    let descriptor = record.descriptor
    return key(
      descriptor.payer, payee: descriptor.payee, token: descriptor.token, operator: descriptor.operator,
      record.escrow, record.chainID)
  }

  private static func key(
    _ payer: Address, payee: Address, token: Address, operator: Address, _ escrow: Address, _ chainID: UInt64
  ) -> RecordKey {
    var id = payer.bytes + payee.bytes + token.bytes + `operator`.bytes + escrow.bytes
    id += (0..<8).map { UInt8(truncatingIfNeeded: chainID >> UInt64(56 - 8 * $0)) }
    return RecordKey(kind: kind, id: id)
  }
}
