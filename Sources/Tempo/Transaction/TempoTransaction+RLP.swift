import EVM

extension TempoTransaction {
  /// Items 0 to 12, and 13 when there is a key authorization, with items 10 and 11 as the context wants them.
  func items(feeToken: Address?, slot: RLPItem) -> [RLPItem] {
    var items: [RLPItem] = [
      RLP.uint(chainID), RLP.uint(maxPriorityFeePerGas), RLP.uint(maxFeePerGas), RLP.uint(gas),
      .list(calls.map { .list([RLPFields.item($0.to), RLP.uint($0.value), .bytes($0.data)]) }),
      AccessListRLP.item(accessList),
      RLP.uint(nonceKey), RLP.uint(nonce), RLP.uint(validBefore ?? 0), RLP.uint(validAfter ?? 0),
      RLPFields.item(feeToken), slot,
      .list(authorizationList.map(Self.item)),
    ]
    if let keyAuthorization { items.append(keyAuthorization.item) }
    return items
  }

  /// The complete bytes in the form that the fee payer slot names (§5.3).
  func serialized(signature: SignatureEnvelope) -> [UInt8] {
    let type: UInt8
    let unsigned: [RLPItem]
    switch feePayer {
    case .unsponsored: (type, unsigned) = (Self.type, items(feeToken: feeToken, slot: .bytes([])))
    case .awaitingFeePayer: (type, unsigned) = (Self.type, items(feeToken: nil, slot: .bytes([0])))
    case .handOff(let sender):
      (type, unsigned) = (Self.handOffType, items(feeToken: nil, slot: .bytes(sender.bytes)))
    case .signed(let signature):
      (type, unsigned) = (Self.type, items(feeToken: feeToken, slot: Self.item(signature)))
    }
    return [type] + RLP.encode(.list(unsigned + [.bytes(signature.serialized)]))
  }

  /// Reads items 0 to 12 (13); `type` decides which forms of the fee payer slot are allowed.
  init(items: ArraySlice<RLPItem>, keyAuthorization: RLPItem?, type: UInt8) throws(TempoError) {
    let items = Array(items)
    self.init(
      chainID: try RLPFields.uint64(items[0], "chainId"),
      maxPriorityFeePerGas: try RLPFields.uint128(items[1], "maxPriorityFeePerGas"),
      maxFeePerGas: try RLPFields.uint128(items[2], "maxFeePerGas"),
      gas: try RLPFields.uint64(items[3], "gas"),
      calls: try Self.calls(items[4]),
      accessList: try AccessListRLP.parse(items[5]),
      nonceKey: try RLPFields.uint256(items[6], "nonceKey"),
      nonce: try RLPFields.uint64(items[7], "nonce"),
      validBefore: try RLPFields.optionalUInt64(items[8], "validBefore"),
      validAfter: try RLPFields.optionalUInt64(items[9], "validAfter"),
      feeToken: try RLPFields.optionalAddress(items[10], "feeToken"),
      feePayer: try Self.slot(items[11], type: type),
      authorizationList: try Self.delegations(items[12]))
    if let keyAuthorization { self.keyAuthorization = try SignedKeyAuthorization(item: keyAuthorization) }
    switch feePayer {
    case .unsponsored, .signed: break
    case .awaitingFeePayer, .handOff:
      // The token is the sponsor's choice; one named by the sender is signed by nobody.
      guard feeToken == nil else { throw .invalidField("feeToken") }
    }
  }

  private static func calls(_ item: RLPItem) throws(TempoError) -> [Call] {
    let items = try RLPFields.list(item, "calls")
    guard items.count <= TransactionLimits.calls else { throw .limitExceeded("calls") }
    var calls: [Call] = []
    for item in items {
      let fields = try RLPFields.list(item, count: 3, "calls")
      calls.append(
        Call(
          to: try RLPFields.optionalAddress(fields[0], "calls.to"),
          value: try RLPFields.uint256(fields[1], "calls.value"),
          data: try RLPFields.bytes(fields[2], "calls.data")))
    }
    return calls
  }

  private static func slot(_ item: RLPItem, type: UInt8) throws(TempoError) -> FeePayerSlot {
    switch item {
    case .list(let items):
      guard type == Self.type else { throw .invalidField("feePayerSignature") }
      return .signed(try RLPFields.signature(items))
    case .bytes(let bytes):
      if type == Self.handOffType {
        return .handOff(sender: try RLPFields.address(item, "sender"))
      }
      if bytes.isEmpty { return .unsponsored }
      guard bytes == [0] else { throw .invalidField("feePayerSignature") }
      return .awaitingFeePayer
    }
  }

  private static func item(_ signature: RecoverableSignature) -> RLPItem {
    .list(RLPFields.items(signature))
  }

  private static func item(_ entry: DelegationEntry) -> RLPItem {
    .list([
      RLP.uint(entry.chainID), .bytes(entry.address.bytes), RLP.uint(entry.nonce), .bytes(entry.signature),
    ])
  }

  private static func delegations(_ item: RLPItem) throws(TempoError) -> [DelegationEntry] {
    let items = try RLPFields.list(item, "authorizationList")
    guard items.count <= TransactionLimits.delegations else { throw .limitExceeded("authorizationList") }
    var entries: [DelegationEntry] = []
    for item in items {
      let fields = try RLPFields.list(item, count: 4, "authorizationList")
      entries.append(
        DelegationEntry(
          chainID: try RLPFields.uint256(fields[0], "authorizationList.chainId"),
          address: try RLPFields.address(fields[1], "authorizationList.address"),
          nonce: try RLPFields.uint64(fields[2], "authorizationList.nonce"),
          signature: try RLPFields.bytes(fields[3], "authorizationList.signature")))
    }
    return entries
  }
}

/// Access lists, the same in every transaction type.
enum AccessListRLP {
  static func item(_ entries: [AccessListEntry]) -> RLPItem {
    .list(entries.map { .list([.bytes($0.address.bytes), .list($0.storageKeys.map { .bytes($0.bytes) })]) })
  }

  static func parse(_ item: RLPItem) throws(TempoError) -> [AccessListEntry] {
    let items = try RLPFields.list(item, "accessList")
    guard items.count <= TransactionLimits.accessListAddresses else { throw .limitExceeded("accessList") }
    var entries: [AccessListEntry] = []
    for item in items {
      let fields = try RLPFields.list(item, count: 2, "accessList")
      let keys = try RLPFields.list(fields[1], "accessList.storageKeys")
      guard keys.count <= TransactionLimits.accessListKeysPerAddress else {
        throw .limitExceeded("accessList.storageKeys")
      }
      var entry = AccessListEntry(address: try RLPFields.address(fields[0], "accessList.address"))
      for key in keys { entry.storageKeys.append(try RLPFields.hash(key, "accessList.storageKeys")) }
      entries.append(entry)
    }
    return entries
  }
}
