public import EVM

/// What a hosted fee payer offers for a transaction: the answer to `eth_fillTransaction` (`02` §6.5).
///
/// Its signature binds the transaction as it was handed over, and nothing of the answer but these two takes its place. Whoever uses it
/// checks the token and recovers the signer.
public struct FeePayerFill: Sendable, Hashable {
  /// The token the host would pay in.
  public let feeToken: Address
  /// By nobody knows whom, until it is recovered.
  public let signature: RecoverableSignature

  /// The one parameter of the question. The signature of the sender is not part of it: the host cannot send the transaction.
  public static func request(_ transaction: TempoTransaction, from sender: Address) -> RPCValue {
    guard case .object(let plain) = transaction.rpcRequest(from: sender) else { return .null }
    var members: [RPCValue.Member] = []
    for member in plain {
      switch member.name {
      // The host knows its chain, and chooses the token.
      case "chainId", "feeToken", "feePayerSignature": continue
      case "calls": members.append(.init("calls", callsOf(member.value)))
      default: members.append(member)
      }
    }
    return .object(members + [.init("feePayer", .bool(true))])
  }

  /// The reference writes the value of a call that has none as `0x`.
  private static func callsOf(_ value: RPCValue) -> RPCValue {
    guard case .array(let calls) = value else { return value }
    return .array(
      calls.map { call in
        guard case .object(let members) = call else { return call }
        return .object(
          members.map {
            $0.name == "value" && $0.value == .string("0x0") ? .init("value", .string("0x")) : $0
          })
      })
  }

  /// Reads the `result` of an answer. What it says of the transaction must be what was handed over; members it leaves out, and members
  /// that transactions do not have, say nothing.
  /// - Throws: `.invalidField` with the member that is missing, unreadable or another; `.signature`.
  public init(
    answer: RPCValue, to transaction: TempoTransaction, from sender: Address
  ) throws(TempoError) {
    guard case .object? = answer["tx"], let filled = answer["tx"] else { throw .invalidField("tx") }
    feeToken = try RPCFields.address(filled["feeToken"], "feeToken")
    guard let value = RPCFields.present(filled["feePayerSignature"]), case .object = value else {
      throw .invalidField("feePayerSignature")
    }
    guard case .secp256k1(let signature) = try PrimitiveSignature(rpcForm: value) else {
      throw .signature(.unsupportedKind)
    }
    self.signature = signature
    try Self.compareScalars(filled, transaction, sender)
    try Self.compareCalls(filled, transaction)
    let lists = [
      ("accessList", transaction.accessList.count),
      ("authorizationList", transaction.authorizationList.count),
      ("aaAuthorizationList", transaction.authorizationList.count),
    ]
    for (name, count) in lists {
      guard let entries = try RPCFields.array(filled[name], name) else { continue }
      guard entries.count == count else { throw .invalidField(name) }
    }
    if let value = RPCFields.present(filled["keyAuthorization"]) {
      guard try SignedKeyAuthorization(rpcForm: value) == transaction.keyAuthorization else {
        throw .invalidField("keyAuthorization")
      }
    }
  }

  private static func compareScalars(
    _ filled: RPCValue, _ transaction: TempoTransaction, _ sender: Address
  ) throws(TempoError) {
    if let value = RPCFields.present(filled["from"]) {
      guard try RPCFields.address(value, "from") == sender else { throw .invalidField("from") }
    }
    let numbers: [(String, UInt256)] = [
      ("type", UInt256(UInt64(TempoTransaction.type))), ("chainId", UInt256(transaction.chainID)),
      ("nonceKey", transaction.nonceKey), ("nonce", UInt256(transaction.nonce)),
      ("gas", UInt256(transaction.gas)), ("maxFeePerGas", UInt256(transaction.maxFeePerGas)),
      ("maxPriorityFeePerGas", UInt256(transaction.maxPriorityFeePerGas)),
      ("validBefore", UInt256(transaction.validBefore ?? 0)),
      ("validAfter", UInt256(transaction.validAfter ?? 0)),
    ]
    for (name, number) in numbers {
      guard let value = RPCFields.present(filled[name]) else { continue }
      guard try RPCFields.uint256(value, name) == number else { throw .invalidField(name) }
    }
  }

  private static func compareCalls(
    _ filled: RPCValue, _ transaction: TempoTransaction
  ) throws(TempoError) {
    guard let calls = try RPCFields.array(filled["calls"], "calls") else { return }
    guard calls.count == transaction.calls.count else { throw .invalidField("calls") }
    for (answered, call) in zip(calls, transaction.calls) {
      let to = RPCFields.present(answered["to"])
      let value = RPCFields.present(answered["value"])
      guard try to.map({ value throws(TempoError) in try RPCFields.address(value, "calls") }) == call.to,
        try value.map({ value throws(TempoError) in try RPCFields.uint256(value, "calls") }) ?? .zero
          == call.value
      else { throw .invalidField("calls") }
      let data = ["data", "input"].compactMap { RPCFields.present(answered[$0]) }
      guard !data.isEmpty else { throw .invalidField("calls") }
      for value in data {
        guard try RPCFields.bytes(value, "calls") == call.data else { throw .invalidField("calls") }
      }
    }
  }
}
