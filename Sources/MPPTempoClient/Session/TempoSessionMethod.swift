import EVM
import HTTPTypes
import Logging
import MPPClient
import MPPCore
import MPPTempo
import Tempo

/// `tempo/session`, protocol v2: payment channels of TIP-1034.
final class TempoSessionMethod: ClientMethod {
  let name = "tempo"
  let intent = "session"
  private let manager: SessionManager

  init(manager: SessionManager) { self.manager = manager }

  func start() async throws(PaymentClientError) { try await manager.start() }

  func offer(for challenge: Challenge) throws(PaymentClientError) -> PaymentOffer? {
    guard let terms = try SessionTerms.read(challenge, options: manager.options) else { return nil }
    if let wanted = terms.chainID, let ours = manager.chain.knownChainID, wanted != ours {
      throw PaymentClientError(.untrustedTerms, "the challenge is for chain \(wanted), not \(ours)")
    }
    return PaymentOffer(
      challenge: challenge, price: terms.price, token: terms.token.hex, recipient: terms.payee.hex,
      scope: terms.scope, unit: terms.unit)
  }

  func begin(
    _ offer: PaymentOffer, context: PaymentContext
  ) async throws(PaymentClientError) -> any PaymentExchange {
    guard let terms = try SessionTerms.read(offer.challenge, options: manager.options) else {
      throw PaymentClientError(.invalidChallenge, "not a session challenge")
    }
    let chainID = try await manager.chain.chainID()
    guard terms.chainID ?? chainID == chainID else {
      throw PaymentClientError(
        .untrustedTerms, "the challenge is for chain \(terms.chainID ?? 0), not \(chainID)")
    }
    let key = LaneKey(
      payer: manager.payer, terms: terms, chainID: chainID, origin: context.url.origin.description)
    return SessionExchange(manager: manager, lane: manager.lane(key), terms: terms, context: context)
  }

  func wantsBootstrap(at origin: Origin) -> Bool {
    manager.options.bootstrap && !manager.hasChannelInUse(at: origin)
  }

  func bootstrapped(_ head: HTTPResponse, at origin: Origin, provedBy offer: PaymentOffer) {
    manager.remember(head, at: origin, provedBy: offer)
  }

  func channels() async throws(PaymentClientError) -> [ChannelStatus] {
    manager.allChannels.map { manager.status($0, note: nil) }
  }

  func close(_ selection: ChannelSelection) async throws(PaymentClientError) -> [CloseOutcome] {
    var outcomes: [CloseOutcome] = []
    for lane in manager.allLanes {
      let chosen = lane.all.filter { channel in
        switch selection {
        case .all: [.opening, .open, .closing].contains(channel.phase)
        case .id(let id): channel.channelID.hex == id.lowercased()
        case .origin(let origin):
          channel.origin == origin.description && [.opening, .open, .closing].contains(channel.phase)
        }
      }
      guard !chosen.isEmpty else { continue }
      outcomes += try await manager.alone(on: lane) { [manager] () async throws -> [CloseOutcome] in
        var closed: [CloseOutcome] = []
        for channel in chosen { closed.append(await manager.closeCooperatively(channel.channelID, in: lane)) }
        return closed
      }
    }
    return outcomes
  }

  func recover(_ scope: RecoveryScope) async throws(PaymentClientError) -> [ChannelStatus] {
    try await manager.recover(scope)
  }

  func shutdown() async {
    for lane in manager.allLanes where lane.lock.tryAcquire() {
      for channel in lane.all where channel.phase == .open {
        do { _ = try await lane.store(channel.channelID) } catch {
          manager.logger.warning("channel \(channel.channelID.hex.prefix(10)): \(error)")
        }
      }
      lane.lock.release()
    }
  }
}

extension SessionManager {
  func status(_ channel: ClientChannel, note: String?) -> ChannelStatus {
    ChannelStatus(
      id: channel.channelID.hex, origin: channel.origin, resource: channel.resource,
      phase: channel.phase.rawValue, chainID: channel.chainID, payer: channel.descriptor.payer.hex,
      payee: channel.descriptor.payee.hex, token: channel.descriptor.token.hex,
      deposit: channel.mayHoldDeposit ? channel.account.deposit : .zero,
      authorized: channel.account.authorized,
      delivered: channel.account.delivered, spent: channel.spent, settled: channel.settled,
      refundable: channel.refundable, closeRequestedAt: channel.closeRequestedAt,
      withdrawableAt: withdrawableAt(channel), isDisputed: channel.isDisputed, note: note)
  }
}
