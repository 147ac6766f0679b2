public import EVM

extension TempoTransaction {
  /// The request object of `eth_call` and `eth_estimateGas` (`02` §5.2). Members without a value are left
  /// out; `feePayerSignature` is there only when a sponsor has signed.
  public func rpcRequest(from sender: Address) -> RPCValue {
    var members: [RPCValue.Member] = [
      .init("from", .address(sender)),
      .init("type", .string("0x76")),
      .init("chainId", .quantity(chainID)),
      .init("calls", .array(calls.map { $0.rpcForm(dataName: "data") })),
      .init("nonce", .quantity(nonce)),
      .init("nonceKey", .string(nonceKey.hexQuantity)),
    ]
    if gas != 0 { members.append(.init("gas", .quantity(gas))) }
    if maxFeePerGas != 0 {
      members.append(.init("maxFeePerGas", .quantity(maxFeePerGas)))
      members.append(.init("maxPriorityFeePerGas", .quantity(maxPriorityFeePerGas)))
    }
    if let validBefore { members.append(.init("validBefore", .quantity(validBefore))) }
    if let validAfter { members.append(.init("validAfter", .quantity(validAfter))) }
    if let feeToken { members.append(.init("feeToken", .address(feeToken))) }
    if !accessList.isEmpty { members.append(.init("accessList", .accessList(accessList))) }
    if case .signed(let signature) = feePayer {
      members.append(.init("feePayerSignature", .feePayerSignature(signature)))
    }
    return .object(members)
  }
}

extension SignedTempoTransaction {
  /// The transaction object of `eth_getTransactionByHash`, without the members that say where it was
  /// included.
  public func rpcForm(from sender: Address) -> RPCValue {
    var slot = RPCValue.null
    if case .signed(let signature) = transaction.feePayer { slot = .feePayerSignature(signature) }
    return .object(
      ("type", .string("0x76")),
      ("hash", .string(hash.hex)),
      ("from", .address(sender)),
      ("chainId", .quantity(transaction.chainID)),
      ("nonce", .quantity(transaction.nonce)),
      ("nonceKey", .string(transaction.nonceKey.hexQuantity)),
      ("gas", .quantity(transaction.gas)),
      ("maxFeePerGas", .quantity(transaction.maxFeePerGas)),
      ("maxPriorityFeePerGas", .quantity(transaction.maxPriorityFeePerGas)),
      ("calls", .array(transaction.calls.map { $0.rpcForm(dataName: "input") })),
      ("accessList", .accessList(transaction.accessList)),
      ("validBefore", transaction.validBefore.map { .quantity($0) } ?? .null),
      ("validAfter", transaction.validAfter.map { .quantity($0) } ?? .null),
      ("feeToken", transaction.feeToken.map { .address($0) } ?? .null),
      ("feePayerSignature", slot),
      ("aaAuthorizationList", .array(transaction.authorizationList.map(\.rpcForm))),
      ("signature", signature.rpcForm))
  }
}

extension SignatureEnvelope {
  /// The JSON form of `02` §3.9. The node writes no `type` for a keychain signature; readers look for
  /// `userAddress`, and `type` is there for those who look for it.
  public var rpcForm: RPCValue {
    switch self {
    case .secp256k1(let signature): PrimitiveSignature.secp256k1(signature).rpcForm
    case .p256(let signature): PrimitiveSignature.p256(signature).rpcForm
    case .webAuthn(let signature): PrimitiveSignature.webAuthn(signature).rpcForm
    case .keychain(let signature):
      .object(
        ("type", .string("keychain")),
        ("userAddress", .address(signature.account)),
        ("signature", signature.inner.rpcForm),
        ("version", .string("v2")))
    }
  }
}

extension PrimitiveSignature {
  public var rpcForm: RPCValue {
    switch self {
    case .secp256k1(let signature):
      .object(
        ("r", .string(signature.r.hex)), ("s", .string(signature.s.hex)),
        ("yParity", .quantity(UInt64(signature.yParity))), ("type", .string("secp256k1")))
    case .p256(let signature):
      .object(
        ("preHash", .bool(signature.prehash)),
        ("pubKeyX", .string(signature.x.hex)), ("pubKeyY", .string(signature.y.hex)),
        ("r", .string(signature.r.hex)), ("s", .string(signature.s.hex)), ("type", .string("p256")))
    case .webAuthn(let signature):
      .object(
        ("pubKeyX", .string(signature.x.hex)), ("pubKeyY", .string(signature.y.hex)),
        ("r", .string(signature.r.hex)), ("s", .string(signature.s.hex)), ("type", .string("webAuthn")),
        ("webauthnData", .string(Hex.encode(signature.authenticatorData + signature.clientDataJSON))))
    }
  }
}

extension Call {
  fileprivate func rpcForm(dataName: String) -> RPCValue {
    .object(
      ("to", to.map { .address($0) } ?? .null), ("value", .string(value.hexQuantity)),
      (dataName, .string(Hex.encode(data))))
  }
}

extension DelegationEntry {
  fileprivate var rpcForm: RPCValue {
    .object(
      ("chainId", .string(chainID.hexQuantity)), ("address", .address(address)),
      ("nonce", .quantity(nonce)), ("signature", .string(Hex.encode(signature))))
  }
}

extension RPCValue {
  fileprivate static func address(_ address: Address) -> RPCValue { .string(address.hex) }
  fileprivate static func quantity(_ value: UInt64) -> RPCValue { .string(Hex.quantity(value)) }
  fileprivate static func quantity(_ value: UInt128) -> RPCValue { .string(Hex.quantity(value)) }

  fileprivate static func accessList(_ entries: [AccessListEntry]) -> RPCValue {
    .array(
      entries.map { entry in
        .object(
          ("address", .address(entry.address)),
          ("storageKeys", .array(entry.storageKeys.map { .string($0.hex) })))
      })
  }

  fileprivate static func feePayerSignature(_ signature: RecoverableSignature) -> RPCValue {
    let parity = RPCValue.quantity(UInt64(signature.yParity))
    return .object(
      ("r", .string(UInt256(signature.r).hexQuantity)), ("s", .string(UInt256(signature.s).hexQuantity)),
      ("yParity", parity), ("v", parity))
  }
}
