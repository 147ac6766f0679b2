public import EVM
import MPPCore
public import Tempo

extension ChainClient {
  /// The chain the node is on. Compare it before anything is signed: a signature for another chain is
  /// worthless.
  public func chainID() async throws(ChainError) -> UInt64 {
    try RPCAnswer.quantity64(try await read(Self.chainIDMethod, []), "chain id")
  }

  /// Height of the head as this node knows it; another node may be ahead.
  public func blockNumber() async throws(ChainError) -> UInt64 {
    try RPCAnswer.quantity64(try await read("eth_blockNumber", []), "block number")
  }

  /// The head of the chain as this node knows it; another node may be ahead.
  public func latestBlock() async throws(ChainError) -> ChainBlock {
    let value = try await read("eth_getBlockByNumber", [BlockTag.latest.json, .bool(false)])
    guard !value.isNull else { throw ChainError(.unavailable, "the node has no block yet") }
    return try ChainBlock(value)
  }

  /// The block at `number`, or nil when this node does not have it (yet).
  public func block(_ number: UInt64) async throws(ChainError) -> ChainBlock? {
    let value = try await read("eth_getBlockByNumber", [BlockTag.number(number).json, .bool(false)])
    return value.isNull ? nil : try ChainBlock(value)
  }

  /// Runs a call without effect and returns its data.
  /// - Throws: `.reverted` with the reason when the contract refuses.
  public func call(
    to: Address, data: [UInt8], from: Address? = nil, block: BlockTag = .latest
  ) async throws(ChainError) -> [UInt8] {
    var members = [
      JSONValue.Member(key: "to", value: .string(to.hex)),
      JSONValue.Member(key: "data", value: .string(Hex.encode(data))),
    ]
    if let from { members.append(JSONValue.Member(key: "from", value: .string(from.hex))) }
    return try RPCAnswer.data(try await read("eth_call", [.object(members), block.json]), "call result")
  }

  /// Runs a whole Tempo transaction without effect (`02` §14.4), as its sender.
  /// - Throws: `.reverted` or `.rejected` when it would fail.
  public func simulate(_ transaction: TempoTransaction, from: Address) async throws(ChainError) {
    _ = try await read("eth_call", [TransactionObject.json(transaction, from: from), BlockTag.latest.json])
  }

  /// As ``simulate(_:from:)``, with the limits and scopes of the key that signs.
  /// - Parameter feePayer: who would pay the fee, for nodes that look at it.
  public func simulate(
    _ transaction: TempoTransaction, from sender: RecoveredSender, feePayer: Address? = nil
  ) async throws(ChainError) {
    let object = TransactionObject.json(transaction, from: sender, feePayer: feePayer)
    _ = try await read("eth_call", [object, BlockTag.latest.json])
  }

  /// As ``estimateGas(_:from:)``, with what the signature of this key costs, and within its limits and scopes.
  public func estimateGas(
    _ transaction: TempoTransaction, from sender: RecoveredSender
  ) async throws(ChainError) -> UInt64 {
    let value = try await read("eth_estimateGas", [TransactionObject.estimate(transaction, from: sender)])
    return try RPCAnswer.quantity64(value, "gas estimate")
  }

  /// What the transaction would use, run as `from`; the dry run of a payment. Who pays the fee, and in what, is not looked at.
  ///
  /// - Throws: `.reverted` with the reason when it would fail.
  public func estimateGas(
    _ transaction: TempoTransaction, from: Address
  ) async throws(ChainError) -> UInt64 {
    let value = try await read("eth_estimateGas", [TransactionObject.estimate(transaction, from: from)])
    return try RPCAnswer.quantity64(value, "gas estimate")
  }

  /// Attodollars per gas.
  public func gasPrice() async throws(ChainError) -> UInt128 {
    try RPCAnswer.quantity(try await read("eth_gasPrice", []), "gas price")
  }

  /// Fees for the next block. A chain without a base fee is asked for its gas price.
  public func fees(at block: ChainBlock) async throws(ChainError) -> FeeEstimate {
    guard let base = block.baseFeePerGas else {
      let price = try await gasPrice()
      return FeeEstimate(maxFeePerGas: price, maxPriorityFeePerGas: price)
    }
    let tip: UInt128
    do {
      tip = try RPCAnswer.quantity(try await read("eth_maxPriorityFeePerGas", []), "priority fee")
    } catch  where error.code == .unsupported {
      tip = 0
    }
    return try FeeEstimate(baseFeePerGas: base, tip: tip)
  }

  /// The account's next protocol nonce.
  public func transactionCount(
    _ address: Address, at block: BlockTag = .pending
  ) async throws(ChainError) -> UInt64 {
    let value = try await read("eth_getTransactionCount", [.string(address.hex), block.json])
    return try RPCAnswer.quantity64(value, "transaction count")
  }

  /// The receipt, or nil while the node knows none.
  /// - Throws: `.invalidAnswer` also when the receipt is about another transaction.
  public func receipt(_ hash: Hash32) async throws(ChainError) -> TransactionReceipt? {
    let value = try await read("eth_getTransactionReceipt", [.string(hash.hex)])
    guard !value.isNull else { return nil }
    let receipt = try TransactionReceipt(value)
    guard receipt.transactionHash == hash else { throw RPCAnswer.invalid("transactionHash") }
    return receipt
  }

  /// Polls for the receipt.
  /// - Parameter deadlineMilliseconds: how long, on the injected clock and the sum of pauses.
  /// - Throws: `.timeout` when there is none in time; the transaction may still be included later.
  public func waitForReceipt(
    _ hash: Hash32, deadlineMilliseconds: Int64? = nil
  ) async throws(ChainError) -> TransactionReceipt {
    let deadline = deadlineMilliseconds ?? limits.receiptDeadline
    var waited: Int64 = 0
    while true {
      do {
        if let receipt = try await receipt(hash) { return receipt }
      } catch  where !error.isRetryable {
        throw error.with(hash: hash)
      } catch {}
      guard waited < deadline else {
        throw ChainError(.timeout, "no receipt in time", hash: hash)
      }
      try await wait(limits.receiptPoll)
      waited += max(1, limits.receiptPoll)
    }
  }

  /// As ``waitForReceipt(_:deadlineMilliseconds:)``, for a transaction that may not exist.
  /// - Returns: nil when the node says to the end that it has none.
  /// - Throws: the last error when it could not be asked at the end, and at once what asking again cannot change.
  package func lookForReceipt(
    _ hash: Hash32, deadlineMilliseconds: Int64
  ) async throws(ChainError) -> TransactionReceipt? {
    var waited: Int64 = 0
    while true {
      var failure: ChainError?
      do {
        if let receipt = try await receipt(hash) { return receipt }
      } catch  where !error.isRetryable {
        throw error
      } catch {
        failure = error
      }
      guard waited < deadlineMilliseconds else {
        if let failure { throw failure }
        return nil
      }
      try await wait(limits.receiptPoll)
      waited += max(1, limits.receiptPoll)
    }
  }

  /// Whether the node has a transaction, mined or waiting.
  package func knows(_ hash: Hash32) async throws(ChainError) -> Bool {
    try await !read("eth_getTransactionByHash", [.string(hash.hex)]).isNull
  }

  /// Logs of `address` between two blocks, oldest first.
  /// - Throws: `.unavailable` when the node does not have the last of them yet.
  public func logs(
    address: Address, topics: [Hash32?], from: UInt64, to: UInt64
  ) async throws(ChainError) -> [Log] {
    let filter = JSONRPC.object([
      "address": .string(address.hex), "fromBlock": RPCAnswer.hex(from), "toBlock": RPCAnswer.hex(to),
      "topics": .array(topics.map { $0.map { .string($0.hex) } ?? .null }),
    ])
    guard case .array(let entries) = try await read("eth_getLogs", [filter]) else {
      throw RPCAnswer.invalid("logs")
    }
    var logs: [Log] = []
    for entry in entries {
      if case .bool(true)? = entry["removed"] { continue }
      logs.append(try Log(rpc: entry))
    }
    return logs
  }

  /// Repeats a read until the node has the block it is about (finding U3); 1 + `readBackRetries` attempts.
  package func readBack<T: Sendable>(
    _ body: () async throws(ChainError) -> T
  ) async throws(ChainError) -> T {
    var left = limits.readBackRetries
    while true {
      do {
        return try await body()
      } catch {
        guard left > 0, error.isRetryable || error.code == .rejected else { throw error }
        left -= 1
      }
      try await wait(limits.readBackPause)
    }
  }
}
