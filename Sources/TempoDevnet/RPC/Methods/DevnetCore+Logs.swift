import EVM
import MPPCore
import Tempo

/// `eth_getLogs`.
extension DevnetCore {
  struct LogFilter {
    var addresses: Set<Address> = []
    /// One entry for each position: the topics allowed there, empty for any.
    var topics: [Set<Hash32>] = []

    init(_ json: JSONValue) throws(RPCFailure) {
      switch json["address"] {
      case nil, .some(.null): break
      case .some(.array(let values)):
        for value in values { addresses.insert(try RPCParameters.address(value, "address")) }
      case .some(let value): addresses = [try RPCParameters.address(value, "address")]
      }
      for position in json["topics"]?.arrayValue ?? [] {
        var allowed: Set<Hash32> = []
        switch position {
        case .null: break
        case .array(let values):
          for value in values { allowed.insert(try RPCParameters.hash(value, "topic")) }
        default: allowed = [try RPCParameters.hash(position, "topic")]
        }
        topics.append(allowed)
      }
    }

    func matches(_ address: Address, _ logTopics: [Hash32]) -> Bool {
      guard addresses.isEmpty || addresses.contains(address), topics.count <= logTopics.count else {
        return false
      }
      return zip(topics, logTopics).allSatisfy { $0.isEmpty || $0.contains($1) }
    }
  }

  mutating func logs(_ json: JSONValue?, wall: Timestamp) throws(RPCFailure) -> [JSONValue] {
    guard let json, json.objectValue != nil else {
      throw .invalidParameters("invalid argument 0: expected a filter object")
    }
    return try logs(try LogFilter(json), in: try logRange(json, wall: wall))
  }

  /// All that match. Too many are refused with the range that can be asked for instead; those of one block never are.
  func logs(_ filter: LogFilter, in range: Range<UInt64>) throws(RPCFailure) -> [JSONValue] {
    let writer = json
    let limit = configuration.logLimits.logs
    var found: [JSONValue] = []
    for number in range {
      for hash in chain.block(number)?.transactions ?? [] {
        guard let sealed = chain.transactions[hash] else { continue }
        for (index, log) in sealed.outcome.logs.enumerated() where filter.matches(log.address, log.topics) {
          found.append(writer.log(sealed, index))
        }
      }
      guard found.count <= limit || range.count == 1 else {
        let last = number == range.lowerBound ? number : number - 1
        throw .invalidParameters(
          "query exceeds max results \(limit), retry with the range \(range.lowerBound)-\(last)")
      }
    }
    return found
  }

  /// For filters that are polled: the blocks between two numbers that are still known; empty when there are none.
  func blocks(_ from: UInt64, _ to: UInt64) -> Range<UInt64> {
    let first = max(from, chain.oldestBlock)
    let last = min(to, chain.latest.number)
    return first <= last ? first..<last + 1 : 0..<0
  }

  /// The blocks of a query, which is refused where some are not there: a short list must not pass for the whole one.
  private mutating func logRange(_ json: JSONValue, wall: Timestamp) throws(RPCFailure) -> Range<UInt64> {
    if let hash = json["blockHash"], !hash.isNull {
      let hash = try RPCParameters.hash(hash, "blockHash")
      guard let block = chain.block(hash: hash) else { throw .blockNotFound(hash.hex) }
      return block.number..<block.number + 1
    }
    let from = try logBound(json["fromBlock"], wall: wall)
    let to = try logBound(json["toBlock"], wall: wall)
    let head = visibleLatest
    guard to <= head else {
      throw .invalidParameters(
        "block range extends beyond current head block: requested \(to), head \(head)")
    }
    guard from <= head else { return 0..<0 }
    guard from <= to else { throw .invalidParameters("invalid block range params") }
    guard from >= chain.oldestBlock else {
      throw RPCFailure(
        4444,
        "pruned history unavailable: requested \(from), earliest available \(chain.oldestBlock)")
    }
    let limit = configuration.logLimits.blocks
    guard to - from <= limit else { throw .invalidParameters("query exceeds max block range \(limit)") }
    return from..<to + 1
  }

  /// A tag's block, or a number as it is.
  private mutating func logBound(_ tag: JSONValue?, wall: Timestamp) throws(RPCFailure) -> UInt64 {
    if case .number(let number) = try blockReference(tag, wall: wall) { return number }
    return try RPCParameters.quantity(tag, "block number")
  }
}
