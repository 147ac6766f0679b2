import EVM
import MPPCore

/// Filters that are polled (`03` §10.2).
extension DevnetCore {
  mutating func answerFilters(_ call: RPCCall, wall: Timestamp) throws(RPCFailure) -> JSONValue? {
    let parameters = call.parameters
    switch call.method {
    case "eth_newFilter": return Quantity.hex(try newLogFilter(parameters[0], wall: wall))
    case "eth_newBlockFilter":
      return Quantity.hex(try filters.add(.init(kind: .blocks, next: chain.latest.number + 1)))
    case "eth_newPendingTransactionFilter":
      return Quantity.hex(
        try filters.add(.init(kind: .pendingTransactions, next: chain.latest.number + 1)))
    case "eth_uninstallFilter": return .bool(filters.remove(try parameters.quantity(0)))
    case "eth_getFilterChanges": return .array(try filterChanges(try parameters.quantity(0), wall: wall))
    case "eth_getFilterLogs":
      guard case .logs(let filter, let from, let to) = filters[try parameters.quantity(0)]?.kind else {
        throw .filterMissing
      }
      return .array(try logs(filter, in: blocks(from, min(to ?? .max, visibleLatest))))
    default: return nil
    }
  }

  private mutating func newLogFilter(_ json: JSONValue?, wall: Timestamp) throws(RPCFailure) -> UInt64 {
    guard let json, json.objectValue != nil else {
      throw .invalidParameters("invalid argument 0: expected a filter object")
    }
    let filter = try LogFilter(json)
    let from: UInt64 =
      if let tag = json["fromBlock"], !tag.isNull {
        try stateBlock(tag, wall: wall)
      } else {
        chain.latest.number + 1
      }
    var to: UInt64?
    if let tag = json["toBlock"], !tag.isNull, !["latest", "pending"].contains(tag.nameValue) {
      to = try RPCParameters.quantity(tag, "toBlock")
    }
    return try filters.add(
      .init(kind: .logs(filter, from: from, to: to), next: max(from, chain.latest.number + 1)))
  }

  private mutating func filterChanges(_ id: UInt64, wall: Timestamp) throws(RPCFailure) -> [JSONValue] {
    guard var entry = filters[id] else { throw .filterMissing }
    chain.heartbeat(at: time(wall: wall))
    let end = chain.latest.number + 1
    var changes = entry.removed
    entry.removed = []
    switch entry.kind {
    case .blocks:
      changes += (entry.next..<max(end, entry.next)).compactMap {
        chain.block($0).map { Quantity.hash($0.hash) }
      }
    case .pendingTransactions:
      let new = pendingSince(entry)
      entry.seen.formUnion(new)
      changes += new.map(Quantity.hash)
    case .logs(let filter, _, let to):
      changes += try logs(filter, in: blocks(entry.next, to ?? .max))
    }
    entry.next = max(entry.next, end)
    filters[id] = entry
    return changes
  }

  /// What waits now, or has been mined since without having been reported.
  private func pendingSince(_ entry: FilterTable.Entry) -> [Hash32] {
    let mined = (entry.next..<max(chain.latest.number + 1, entry.next))
      .flatMap { chain.block($0)?.transactions ?? [] }
    return (mined + chain.pool.map(\.transaction.hash)).filter { !entry.seen.contains($0) }
  }
}

extension RPCFailure {
  fileprivate static let filterMissing = invalidParameters("filter not found")
}
