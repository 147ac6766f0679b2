import EVM
import MPPClient
import Tempo
import TempoRPC

// Sending payments, and what became of them.
extension ChargePayer {
  /// Broadcasts a payment that is in the journal and waits for its receipt.
  func push(_ transaction: SignedTempoTransaction) async throws(PaymentClientError) {
    let receipt: TransactionReceipt
    do {
      receipt = try await client.sendRawTransactionSync(transaction.serialized)
    } catch {
      throw .chain("the payment could not be broadcast", error)
    }
    guard receipt.succeeded else {
      throw PaymentClientError(.chain, "the payment was reverted")
    }
  }

  enum Fate: Sendable, Hashable {
    case paid
    /// Reverted, or expired without being included: it will never pay.
    case dead
    case undecided
  }

  /// What became of a payment: its receipt, or proof that it cannot be included any more.
  func fate(_ entry: ChargeEntry) async throws(PaymentClientError) -> Fate {
    do {
      if let evidence = entry.evidence { return try await fate(entry, by: evidence) }
      if let receipt = try await client.receipt(entry.hash) { return receipt.succeeded ? .paid : .dead }
      guard try await client.latestBlock().timestamp >= entry.validBefore else { return .undecided }
      // Included between the two questions?
      guard let receipt = try await client.receipt(entry.hash) else { return .dead }
      return receipt.succeeded ? .paid : .dead
    } catch {
      throw .chain("the outcome of the payment could not be read", error)
    }
  }

  /// Of a payment whose fee somebody else pays: with the sponsor's signature it has a hash that only the sponsor knows, so its
  /// transfer is looked for. The end of its validity is read before the logs: what is included later was in time.
  private func fate(_ entry: ChargeEntry, by evidence: ChargeEvidence) async throws(ChainError) -> Fate {
    let head = try await client.latestBlock()
    let logs = try await client.logs(
      address: evidence.token, topics: evidence.topics, from: evidence.block,
      to: min(head.number, evidence.lastBlock))
    if logs.contains(where: evidence.isPayment) { return .paid }
    return head.timestamp >= entry.validBefore ? .dead : .undecided
  }
}
