public import EVM

/// A function that an access key may call, and for whom: the recipient is the function's first argument
/// (`02` §9.5).
public struct SelectorRule: Sendable, Hashable {
  /// The function; two rules of one target must not share it.
  public var selector: Selector
  /// Empty allows every recipient.
  public var recipients: [Address]

  /// - Parameter recipients: the chain takes them only with `transfer`, `transferWithMemo` and `approve` of a
  ///   TIP-20 token.
  public init(selector: Selector, recipients: [Address] = []) {
    self.selector = selector
    self.recipients = recipients
  }

  /// `[selector, [recipient…]]`
  var item: RLPItem { .list([.bytes(selector.bytes), .list(recipients.map(RLPItem.address))]) }

  init(item: RLPItem) throws(TempoError) {
    let field = "keyAuthorization.allowedCalls.selectorRules"
    let fields = try RLPFields.list(item, count: 2, field)
    let bytes = try RLPFields.bytes(fields[0], field)
    do { selector = try Selector(bytes) } catch { throw .invalidField(field) }
    let items = try RLPFields.list(fields[1], field)
    guard items.count <= TransactionLimits.scopeRecipients else { throw .limitExceeded(field) }
    recipients = []
    for item in items { recipients.append(try RLPFields.address(item, field)) }
  }

  var rpcForm: RPCValue {
    var members: [RPCValue.Member] = [.init("selector", .string(selector.hex))]
    if !recipients.isEmpty {
      members.append(.init("recipients", .array(recipients.map { .address($0) })))
    }
    return .object(members)
  }

  init(rpcForm value: RPCValue) throws(TempoError) {
    let field = "allowedCalls.selectorRules"
    let bytes = try RPCFields.bytes(value["selector"], field)
    do { selector = try Selector(bytes) } catch { throw .invalidField(field) }
    let items = try RPCFields.array(value["recipients"], field) ?? []
    guard items.count <= TransactionLimits.scopeRecipients else { throw .limitExceeded(field) }
    recipients = []
    for item in items { recipients.append(try RPCFields.address(item, field)) }
  }
}
