import EVM
import MPPCore

/// Sending and finding transactions.
extension DevnetCore {
  mutating func answerTransaction(_ call: RPCCall, wall: Timestamp) throws(RPCFailure) -> JSONValue? {
    let parameters = call.parameters
    switch call.method {
    case "eth_sendRawTransaction":
      return Quantity.hash(try submit(try rawTransaction(call), by: call, wall: wall).hash)
    case "eth_sendRawTransactionSync":
      return try sendSync(call, wall: wall)
    case "eth_getTransactionReceipt":
      return receipt(try parameters.hash(0), wall: wall)
    case "eth_getTransactionByHash":
      return transaction(try parameters.hash(0))
    case "eth_getTransactionByBlockNumberAndIndex":
      return transaction(in: try namedBlock(parameters[0], wall: wall), at: try parameters.quantity(1))
    case "eth_getTransactionByBlockHashAndIndex":
      return transaction(in: chain.block(hash: try parameters.hash(0)), at: try parameters.quantity(1))
    case "eth_getRawTransactionByHash":
      return known(try parameters.hash(0)).map { .string(Quantity.data($0.raw)) } ?? .null
    case "eth_fillTransaction":
      guard configuration.fillsTransactions else { return nil }
      return try fillTransaction(parameters, wall: wall)
    case "tempo_fundAddress":
      guard configuration.faucet else { return nil }
      return .array(try fund(try parameters.address(0), by: call, wall: wall).map(Quantity.hash))
    default: return nil
    }
  }

  func rawTransaction(_ call: RPCCall) throws(RPCFailure) -> [UInt8] {
    let raw = try call.parameters.bytes(0)
    guard !raw.isEmpty else { throw .undecodable }
    return raw
  }

  /// Answers the receipt (EIP-7966). Where blocks come at an interval the caller waits for the next ones;
  /// elsewhere nothing but another request moves the chain, so what is not sealed at once times out.
  private mutating func sendSync(_ call: RPCCall, wall: Timestamp) throws(RPCFailure) -> JSONValue {
    let submission = try submit(try rawTransaction(call), by: call, wall: wall)
    guard submission.isVisible, let sealed = chain.transactions[submission.hash] else {
      throw .notMinedInTime(submission.hash)
    }
    return shown(sealed)
  }

  private mutating func receipt(_ hash: Hash32, wall: Timestamp) -> JSONValue {
    guard !hides(hash, wall: wall), let sealed = chain.transactions[hash],
      sealed.blockNumber <= visibleLatest
    else { return .null }
    return shown(sealed)
  }

  /// Whether a fault still hides the receipt; a poll counts.
  mutating func hides(_ hash: Hash32, wall: Timestamp) -> Bool {
    switch hiddenReceipts[hash] {
    case nil: return false
    case .polls(let polls):
      hiddenReceipts[hash] = polls > 1 ? .polls(polls - 1) : nil
      return polls > 0
    case .until(let end):
      guard time(wall: wall).chain >= end else { return true }
      hiddenReceipts[hash] = nil
      return false
    }
  }

  /// The receipt, as a fault may have bent it.
  func shown(_ sealed: SealedTransaction) -> JSONValue {
    let receipt = json.receipt(sealed)
    return receiptPatches[sealed.transaction.hash].map { receipt.merging($0) } ?? receipt
  }

  /// Mined or waiting.
  private func known(_ hash: Hash32) -> ChainTransaction? {
    chain.transactions[hash]?.transaction ?? chain.pool.first { $0.transaction.hash == hash }?.transaction
  }

  private func transaction(_ hash: Hash32) -> JSONValue {
    if let sealed = chain.transactions[hash] { return json.transaction(sealed) }
    return chain.pool.first { $0.transaction.hash == hash }.map { json.pending($0.transaction) } ?? .null
  }

  private func transaction(in block: Block?, at index: UInt64) -> JSONValue {
    guard let block, index < UInt64(block.transactions.count) else { return .null }
    return transaction(block.transactions[Int(index)])
  }
}

extension RPCFailure {
  static func notMinedInTime(_ hash: Hash32) -> RPCFailure {
    RPCFailure(
      4, "The transaction was added to the mempool but wasn't processed in time", data: Quantity.hash(hash))
  }
}
