public import EVM

extension CallScope {
  /// Whether this scope lets an access key make the call, by the rules of the chain (`02` §9.5).
  public func allows(_ call: Call) -> Bool {
    guard call.to == target else { return false }
    guard !rules.isEmpty else { return true }
    guard let rule = rules.first(where: { call.data.starts(with: $0.selector.bytes) }) else { return false }
    guard !rule.recipients.isEmpty else { return true }
    // The recipient is the first argument; its upper twelve bytes must be zero.
    guard call.data.count >= 36, call.data[4..<16].allSatisfy({ $0 == 0 }) else { return false }
    return rule.recipients.contains { $0.bytes.elementsEqual(call.data[16..<36]) }
  }
}
