public import MPPCore

/// One request a chain has answered, for assertions such as "exactly one broadcast".
public struct DevnetRequest: Sendable {
  /// What the request gave; a fault may have patched or lost it on its way back.
  public enum Answer: Sendable {
    /// Executed, with this result.
    case result(JSONValue)
    /// Refused by the chain; an error that a fault answers is ``suppressed``.
    case error(code: Int, message: String)
    /// A fault kept the request from being executed.
    case suppressed
  }

  /// Counts up from 1 over the life of the chain.
  public let index: Int
  /// The JSON-RPC method; those beginning with `devnet_` are not recorded.
  public let method: String
  /// As they came.
  public let params: [JSONValue]
  /// What became of the request.
  public let answer: Answer
  /// Whether a fault changed what the caller saw.
  public let wasFaulted: Bool
}

/// The newest requests; older ones only count.
struct RequestLog: Sendable {
  static let capacity = 1_000
  private var ring: [DevnetRequest] = []
  private(set) var count = 0
  private var counts: [String: Int] = [:]

  mutating func record(
    _ method: String, _ params: [JSONValue], _ answer: DevnetRequest.Answer, wasFaulted: Bool
  ) {
    // Control is not traffic, and a log of its own readings would grow without end.
    guard !method.hasPrefix("devnet_") else { return }
    count += 1
    // Unknown names come from callers: bounded.
    if counts[method] != nil || counts.count < 256 { counts[method, default: 0] += 1 }
    let entry = DevnetRequest(
      index: count, method: method, params: params, answer: answer, wasFaulted: wasFaulted)
    if ring.count < Self.capacity { ring.append(entry) } else { ring[(count - 1) % Self.capacity] = entry }
  }

  func requests(after index: Int) -> [DevnetRequest] {
    ring.filter { $0.index > index }.sorted { $0.index < $1.index }
  }

  func count(of method: String) -> Int { counts[method] ?? 0 }
}
