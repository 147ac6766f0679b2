package import EVM
import Metrics
package import Tempo

/// What a search for logs has found, and how far it went.
package struct LogSearch: Sendable {
  /// In no order.
  package fileprivate(set) var logs: [Log] = []
  /// The oldest block that was searched; nil: none.
  package fileprivate(set) var oldest: UInt64?
  /// Whether blocks were left out because of the limit; they are older than ``oldest``.
  package fileprivate(set) var isCutOff = false
  /// Why it stopped before its end; what was found until then is in ``logs``.
  package fileprivate(set) var failure: ChainError?
}

extension ChainClient {
  /// Blocks asked for at once, at most and at least; a node that refuses a stretch is asked for halves.
  private static let longestStretch: UInt64 = 100_000
  private static let shortestStretch: UInt64 = 1_000

  /// Searches blocks for logs of `address`, newest first: nodes keep the old ones less well.
  ///
  /// - Parameters:
  ///   - first: the oldest block that matters.
  ///   - last: the newest; one that the node does not have yet is waited for, as long as a read is repeated.
  ///   - limit: blocks that are searched besides `last`; a search that it cuts off is counted.
  package func searchLogs(
    address: Address, topics: [Hash32?], from first: UInt64, to last: UInt64, limit: UInt64 = .max
  ) async -> LogSearch {
    var search = LogSearch()
    guard first <= last else { return search }
    let bound = last - first > limit ? last - limit : first
    search.isCutOff = bound > first
    if search.isCutOff { Counter(label: "mpp_log_searches_cut_off_total").increment() }
    var end = last
    var length = Self.longestStretch
    while true {
      let start = end - bound < length ? bound : end - length + 1
      do throws(ChainError) {
        search.logs += try await logs(address: address, topics: topics, from: start, to: end)
      } catch {
        guard error.mayBeTooMuch, length > Self.shortestStretch else {
          search.failure = error
          return search
        }
        length /= 2
        continue
      }
      search.oldest = start
      guard start > bound else { return search }
      end = start - 1
      length = min(length * 2, Self.longestStretch)
    }
  }
}

extension ChainError {
  /// Whether the node may answer a smaller question: it refused this one, took too long over it, named a limit (-32005, EIP-1474), or
  /// its answer was longer than is read.
  fileprivate var mayBeTooMuch: Bool {
    switch code {
    case .rejected, .timeout, .invalidAnswer: true
    case .unavailable: rpcCode == -32005
    default: false
    }
  }
}
