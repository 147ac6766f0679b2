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
    if let keyAuthorization { members.append(.init("keyAuthorization", keyAuthorization.rpcForm)) }
    return .object(members)
  }

  /// As ``rpcRequest(from:)``, with what a node has to know about the key that will sign: without it the
  /// gas of another kind of key is missing from the estimate, and limits of an access key from the result.
  public func rpcRequest(signedBy signer: TempoSigner) -> RPCValue { rpcRequest(from: signer.sender) }

  /// As ``rpcRequest(signedBy:)``, for a signature that is there already.
  /// - Parameter feePayer: who would pay the fee, for nodes that look; no signature is needed to say so (`02` §14.4).
  public func rpcRequest(from sender: RecoveredSender, feePayer: Address? = nil) -> RPCValue {
    guard case .object(var members) = rpcRequest(from: sender.account) else { return .null }
    if let feePayer { members.append(.init("feePayer", .address(feePayer))) }
    members.append(.init("keyType", .string(sender.keyType.rpcName)))
    if let key = sender.accessKey { members.append(.init("keyId", .address(key))) }
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
      ("keyAuthorization", transaction.keyAuthorization?.rpcForm ?? .null),
      ("signature", signature.rpcForm))
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
