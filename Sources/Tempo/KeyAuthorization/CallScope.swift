public import EVM

/// A contract that an access key may call, and which of its functions (`02` §9.2).
public struct CallScope: Sendable, Hashable {
  /// The contract. The chain refuses zero and two scopes for one target.
  public var target: Address
  /// Empty allows every function.
  public var rules: [SelectorRule]

  /// - Parameter rules: empty: every function of the target.
  public init(target: Address, rules: [SelectorRule] = []) {
    self.target = target
    self.rules = rules
  }

  /// `[target, [rule…]]`
  var item: RLPItem { .list([.address(target), .list(rules.map(\.item))]) }

  init(item: RLPItem) throws(TempoError) {
    let fields = try RLPFields.list(item, count: 2, "keyAuthorization.allowedCalls")
    target = try RLPFields.address(fields[0], "keyAuthorization.allowedCalls.target")
    let items = try RLPFields.list(fields[1], "keyAuthorization.allowedCalls.selectorRules")
    guard items.count <= TransactionLimits.selectorRules else {
      throw .limitExceeded("keyAuthorization.allowedCalls.selectorRules")
    }
    rules = []
    for item in items { rules.append(try SelectorRule(item: item)) }
  }

  var rpcForm: RPCValue {
    var members: [RPCValue.Member] = [.init("target", .address(target))]
    if !rules.isEmpty { members.append(.init("selectorRules", .array(rules.map(\.rpcForm)))) }
    return .object(members)
  }

  init(rpcForm value: RPCValue) throws(TempoError) {
    target = try RPCFields.address(value["target"], "allowedCalls.target")
    let items = try RPCFields.array(value["selectorRules"], "allowedCalls.selectorRules") ?? []
    guard items.count <= TransactionLimits.selectorRules else {
      throw .limitExceeded("allowedCalls.selectorRules")
    }
    rules = []
    for item in items { rules.append(try SelectorRule(rpcForm: item)) }
  }
}
