import EVM
import MPPClient
import MPPCore
import MPPTempo

/// A channel as it is on disk. Made only here, after the journal's write returned: the signer takes nothing else, so no
/// voucher can leave that the journal does not know (J1, J2).
struct DurableChannel: Sendable {
  let channel: ClientChannel
  fileprivate init(_ channel: ClientChannel) { self.channel = channel }
}

/// The channels' part of the client's journal.
struct ChannelJournal: Sendable {
  static let recordKind = "channel"
  let journal: any PaymentJournal

  /// Stores channels, and whatever must be stored with them, in one write.
  func store(
    _ channels: [ClientChannel], with others: [JournalRecord] = []
  ) async throws(PaymentClientError) -> [DurableChannel] {
    let records = channels.map { channel in
      JournalRecord(
        kind: Self.recordKind, key: channel.channelID.hex, version: channel.version, body: channel.encoded())
    }
    do {
      try await journal.write(records + others)
    } catch {
      throw PaymentClientError(
        .journal, "what was to be signed could not be recorded, so it was not signed",
        isRetryable: error.code != .stale, underlying: error)
    }
    return channels.map { DurableChannel($0) }
  }

  /// Reads every channel. One that cannot be read is an error: guessing would forget money (T33).
  func load() async throws(PaymentClientError) -> [ClientChannel] {
    let records: [JournalRecord]
    do {
      records = try await journal.records(kind: Self.recordKind)
    } catch {
      throw PaymentClientError(.journal, "the journal cannot be read", underlying: error)
    }
    var channels: [ClientChannel] = []
    for record in records {
      do {
        let channel = try ClientChannel(decoding: record.body)
        guard channel.channelID.hex == record.key else { throw ClientChannelDecodingError(field: "key") }
        channels.append(channel)
      } catch {
        throw PaymentClientError(
          .journal, "the record of channel \(record.key) is damaged", underlying: error)
      }
    }
    return channels
  }
}
