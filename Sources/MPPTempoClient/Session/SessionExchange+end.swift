import EVM
import HTTPTypes
import Logging
import MPPClient
import MPPCore
import MPPTempo
import Tempo

// What the last answer, or the lack of one, leaves behind.
extension SessionExchange {
  func finished(_ head: HTTPResponse) async throws(PaymentClientError) -> PaymentSummary {
    defer { giveBack() }
    guard let channelID, let reservation else {
      throw PaymentClientError(.inconsistent, "finished before paying")
    }
    do {
      let checked = check(head)
      let receipt: SessionReceipt? = if case .success(let receipt) = checked { receipt } else { nil }
      let isSuccess = (200..<300).contains(head.status.code)
      let isDelivered = try settle(channelID, reservation, status: head.status.code, receipt: receipt)
      if action == .open {
        try await acknowledge(channelID, isSuccess: isSuccess, hasReceipt: receipt != nil)
      }
      await persistIfIdle(channelID)
      let final = try checked.get()
      return PaymentSummary(
        amount: isDelivered ? reservation.price : .zero, token: terms.token.hex, method: "tempo",
        intent: "session", channel: channelID.hex, authorized: reservation.target, actions: actions,
        receipt: final.map(\.summary),
        exposure: isDelivered ? .none : lane.channel(channelID).map { manager.exposure($0) } ?? .none)
    } catch {
      var wrapped = PaymentClientError.wrapping(error)
      if let channel = lane.channel(channelID) { wrapped.exposure = manager.exposure(channel) }
      throw wrapped
    }
  }

  func failed() async -> PaymentClientError.Exposure {
    defer { giveBack() }
    guard let channelID else { return .none }
    if let reservation {
      do { try release(channelID, reservation) } catch { manager.logger.error("\(error)") }
    }
    guard isOut, let channel = lane.channel(channelID) else { return .none }
    return manager.exposure(channel)
  }

  /// Reads the receipt and checks it against what this exchange signed (C27). No receipt is no error.
  private func check(_ head: HTTPResponse) -> Result<SessionReceipt?, PaymentClientError> {
    let values = head.headerFields[values: ProtocolHeaders.paymentReceipt]
    guard let text = values.first, let channelID, let channel = lane.channel(channelID) else {
      return .success(nil)
    }
    do {
      let receipt = try SessionReceipt(headerValue: text)
      try ReceiptCheck.check(receipt, channel: channel, challenge: terms.challenge)
      return .success(receipt)
    } catch let error as PaymentClientError {
      return .failure(error)
    } catch {
      return .failure(PaymentClientError(.receiptInvalid, "not a session receipt", underlying: error))
    }
  }

  private func settle(
    _ id: Hash32, _ reservation: VoucherReservation, status: Int, receipt: SessionReceipt?
  ) throws -> Bool {
    self.reservation = nil
    let isSuccess = (200..<300).contains(status)
    let isAnswered = isContent && (isSuccess || receipt != nil)
    let spentBefore = spentBefore
    return try lane.update(id) { channel in
      var isDelivered = isAnswered
      if let receipt, !isSuccess || status == 204 {
        isDelivered = isAnswered && Self.isCharged(reservation, receipt, since: spentBefore, on: channel)
      }
      if isDelivered {
        channel.account.delivered(reservation)
      } else {
        channel.account.released(reservation)
      }
      if let receipt {
        channel = try channel.applying(
          .receipt(spent: receipt.spent, units: receipt.units.flatMap { UInt64(exactly: $0) }))
      }
      if isSuccess, channel.phase == .open, !channel.isAcknowledged {
        channel = try channel.applying(.openAcknowledged)
      }
      return isDelivered
    }
  }

  /// Whether a receipt on an answer without content says that this request was charged. A server that took the credential as
  /// management answers so without a charge, and what was not charged must not become part of the close. The total counts as well:
  /// it may have grown since for other requests that were under way.
  private static func isCharged(
    _ reservation: VoucherReservation, _ receipt: SessionReceipt, since before: Amount,
    on channel: ClientChannel
  ) -> Bool {
    guard receipt.spent > before else { return false }
    do {
      let delivered = try channel.account.delivered.adding(reservation.price)
      return delivered <= max(receipt.spent, channel.spent)
    } catch {
      return false
    }
  }

  /// After an opening: the server's receipt, or the chain, makes the channel usable. The lock is still held.
  private func acknowledge(_ id: Hash32, isSuccess: Bool, hasReceipt: Bool) async throws {
    if isSuccess, hasReceipt {
      _ = try await lane.apply([.openAcknowledged], to: id)
      return
    }
    do {
      let channel = try await manager.reconcileOpening(id, in: lane)
      if isSuccess, channel.phase == .open { _ = try await lane.apply([.openAcknowledged], to: id) }
    } catch {
      // The next request looks again; nothing new is signed before that.
      manager.logger.debug("opening \(id.hex.prefix(10)) not looked at: \(error)")
    }
  }

  /// The count of deliveries is stored with the next voucher, or now when nobody else will. Losing it costs one
  /// repeated voucher, never money, so a failure is no reason to withhold a paid response.
  private func persistIfIdle(_ id: Hash32) async {
    guard holdsLock || lane.lock.tryAcquire() else { return }
    holdsLock = true
    guard lane.channel(id)?.account.pending == .zero else { return }
    do {
      _ = try await lane.store(id)
    } catch {
      manager.logger.warning("channel \(id.hex.prefix(10)): \(error)")
    }
  }

  /// Whether the server serves content for this request, or takes its credential as management (`04` §17).
  private var isContent: Bool {
    let kind = RequestKind(
      RequestKind.Framing(
        method: context.method.rawValue, hasQuery: context.url.hasQuery,
        contentLength: context.hasBody ? nil : "0", hasTransferEncoding: false, hasBody: context.hasBody))
    return kind == .content
  }
}
