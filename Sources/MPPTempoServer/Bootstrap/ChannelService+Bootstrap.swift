import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import Tempo

extension ChannelService {
  /// The channel that `payer` opened last at this server for what `terms` ask for.
  func newestChannel(of payer: Address, _ terms: SessionTerms) async throws -> Hash32? {
    try await payerChannels?.load(PayerChannel.key(payer, terms))?.channelID
  }

  /// Remembers a channel whose open is durable. What fails is logged: nobody's money depends on it.
  func noteOpened(_ record: ChannelRecord) async {
    guard let payerChannels else { return }
    do {
      _ = try await payerChannels.update(PayerChannel.key(of: record)) { _ in
        (PayerChannel(record.channelID), ())
      }
    } catch {
      logger.warning("a channel will not be found by its payer", metadata: ["mpp.code": "\(error)"])
    }
  }
}
