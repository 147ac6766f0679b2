import EVM
import MPPClient
import Tempo
import TempoRPC

// Sending payments, and what became of them.
extension ChargePayer {
  /// Broadcasts a payment that is in the journal and waits for its receipt.
  func push(_ transaction: SignedTempoTransaction) async throws(PaymentClientError) {
    let client = try await chain.node().client
    let receipt: TransactionReceipt
    do {
      receipt = try await client.sendRawTransactionSync(transaction.serialized)
    } catch {
      throw .chain("the payment could not be broadcast", error)
    }
    guard receipt.succeeded else {
      throw PaymentClientError(.chain, "the payment was reverted", isRetryable: true)
    }
  }

  enum Fate: Sendable, Hashable {
    case paid
    /// Reverted, or expired without being included: it will never pay.
    case dead
    case undecided
  }

  /// What became of a payment: found on the chain, or proof that it cannot be included any more.
  ///
  /// It is looked for by its hash, and by its transfer where that can be told from others: with a sponsor's signature it has a hash
  /// that only the sponsor knows, and a node may have lost a receipt. Absence counts only after the chain has passed the end of its
  /// validity by a margin, and what is looked at then is looked at after the block that shows it.
  func fate(_ entry: ChargeEntry) async throws(PaymentClientError) -> Fate {
    let client = try await chain.node(of: entry.chainID).client
    do {
      if let fate = try await fateByReceipt(entry, client) { return fate }
      let past = try await client.blockPast(entry.validBefore)
      if let evidence = entry.evidence {
        let last = if let past { past } else { try await client.latestBlock() }
        let logs = try await client.logs(
          address: evidence.token, topics: evidence.topics, from: evidence.block,
          to: min(last.number, evidence.lastBlock))
        if logs.contains(where: evidence.isPayment) { return .paid }
      }
      guard past != nil else { return .undecided }
      // Included between the two questions?
      return try await fateByReceipt(entry, client) ?? .dead
    } catch {
      throw .chain("the outcome of the payment could not be read", error)
    }
  }

  /// A receipt is one node's word. What it says counts when its block is the chain's own and the logs of that block agree: one that
  /// is believed to have failed is paid a second time, one that is believed to have paid is never presented again.
  private func fateByReceipt(
    _ entry: ChargeEntry, _ client: ChainClient
  ) async throws(ChainError) -> Fate? {
    guard !entry.isSponsored, let receipt = try await client.receipt(entry.hash) else { return nil }
    do {
      _ = try await client.inclusion(of: receipt)
    } catch  where error.code == .unavailable {
      return .undecided
    }
    // Entries of earlier versions do not say what to look for.
    guard let trace = entry.evidence ?? entry.trace else { return receipt.succeeded ? .paid : .dead }
    let logs = try await client.logs(
      address: trace.token, topics: trace.topics, from: receipt.blockNumber, to: receipt.blockNumber)
    let isSeen = logs.contains(where: trace.isPayment)
    switch (receipt.succeeded, isSeen) {
    case (true, true): return .paid
    case (false, false): return .dead
    // Nobody else can have made it.
    case (false, true) where entry.evidence != nil: return .paid
    default: return .undecided
    }
  }
}
