/// Puts faults into a running chain and takes them out again.
public struct FaultControl: Sendable {
  let shared: DevnetShared

  /// Adds a rule behind those already there. Returns its number, for ``remove(_:)`` and ``timesFired(_:)``.
  @discardableResult
  public func inject(_ rule: FaultRule) -> Int {
    shared.withCore { core, _ in core.faults.add(rule) }
  }

  /// Adds a rule: `inject(.method("eth_call"), .loseReply, skip: 1)`.
  @discardableResult
  public func inject(_ match: FaultMatch, _ action: FaultAction, skip: Int = 0, count: Int? = 1) -> Int {
    inject(FaultRule(match, action, skip: skip, count: count))
  }

  /// How often a rule has fired.
  public func timesFired(_ rule: Int) -> Int {
    shared.withCore { core, _ in core.faults.timesFired(rule) }
  }

  /// Takes a rule out; an unknown number is no error. Receipts the rule has hidden stay hidden for as long as it
  /// said.
  public func remove(_ rule: Int) {
    shared.withCore { core, _ in core.faults.remove(rule) }
  }

  /// Removes every rule; receipts that were hidden become visible.
  public func clear() {
    shared.withCore { core, _ in core.clearFaults() }
  }
}
