import EVM
import MPPCore
import Tempo

/// `eth_getLogs`.
extension DevnetCore {
  static let maximumLogs = 10_000

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

  func logs(_ filter: LogFilter, in range: Range<UInt64>) throws(RPCFailure) -> [JSONValue] {
    let writer = json
    var found: [JSONValue] = []
    for number in range {
      for hash in chain.block(number)?.transactions ?? [] {
        guard let sealed = chain.transactions[hash] else { continue }
        for (index, log) in sealed.outcome.logs.enumerated() where filter.matches(log.address, log.topics) {
          guard found.count < Self.maximumLogs else {
            throw .refused("query exceeds max results \(Self.maximumLogs)")
          }
          found.append(writer.log(sealed, index))
        }
      }
    }
    return found
  }

  /// The blocks between two numbers that are still known; empty when there are none.
  func blocks(_ from: UInt64, _ to: UInt64) -> Range<UInt64> {
    let first = max(from, chain.oldestBlock)
    let last = min(to, chain.latest.number)
    return first <= last ? first..<last + 1 : 0..<0
  }

  private mutating func logRange(_ json: JSONValue, wall: Timestamp) throws(RPCFailure) -> Range<UInt64> {
    if let hash = json["blockHash"], !hash.isNull {
      let hash = try RPCParameters.hash(hash, "blockHash")
      guard let block = chain.block(hash: hash) else { throw .blockNotFound(hash.hex) }
      return block.number..<block.number + 1
    }
    let from = try stateBlock(json["fromBlock"], wall: wall)
    let to: UInt64 =
      switch try blockReference(json["toBlock"], wall: wall) {
      case .number(let number): number
      case .unknown: visibleLatest
      }
    return blocks(from, to)
  }
}
