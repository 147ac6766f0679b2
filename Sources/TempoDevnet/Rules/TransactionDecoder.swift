import EVM

/// Reads raw transactions strictly (`02` §1.4, §5.1). The chain's own reading: it shares RLP with the SDK, not
/// the transaction parser.
enum TransactionDecoder {
  static let maximumBytes = 256 * 1024
  private static let limits = RLP.Limits(maximumBytes: maximumBytes)

  /// Steps 1 and 2 of admission (`03` §6).
  static func decode(_ raw: [UInt8]) throws(RPCFailure) -> DecodedTransaction {
    guard let type = raw.first, raw.count <= maximumBytes else { throw .undecodable }
    do {
      switch type {
      case 0x76: return try tempo(raw)
      case 0x02: return try eip1559(raw)
      case 0xc0...0xff: return try legacy(raw)
      default: throw RPCFailure.undecodable
      }
    } catch let failure as RPCFailure {
      throw failure
    } catch {
      throw .undecodable
    }
  }

  // MARK: 0x76

  private static func tempo(_ raw: [UInt8]) throws -> DecodedTransaction {
    var items = try RLP.decode(raw[1...], limits: limits).list()
    guard items.count == 14 || items.count == 15 else { throw RPCFailure.undecodable }
    var transaction = DecodedTransaction(kind: .tempo)
    transaction.chainID = try items[0].uint64()
    transaction.maxPriorityFee = try items[1].uint128()
    transaction.maxFee = try items[2].uint128()
    transaction.gasLimit = try items[3].uint64()
    transaction.calls = try calls(items[4])
    transaction.accessList = try accessList(items[5])
    transaction.nonceKey = try items[6].uint256()
    transaction.nonce = try items[7].uint64()
    transaction.validBefore = try nonZero(items[8])
    transaction.validAfter = try nonZero(items[9])
    transaction.feeToken = try items[10].optionalAddress()
    transaction.sponsorSignature = try sponsorSignature(items[11])
    transaction.delegations = try items[12].list().count
    var isNormal = true
    if items.count == 15 {
      let grant = try KeyGrant(items[13])
      transaction.keyGrant = grant
      isNormal = items[13] == grant.item
      items[13] = grant.item
    }
    let envelope = try items[items.count - 1].bytes()
    transaction.signature = SignatureRules.normalised(envelope)
    try checkStructure(transaction)

    var preimage = Array(items.dropLast())
    transaction.sponsorItems = preimage
    if transaction.sponsorSignature != nil {
      preimage[10] = .empty
      preimage[11] = .bytes([0])
    }
    transaction.senderPreimage = [0x76] + RLP.encode(.list(preimage))
    if transaction.signature == envelope, isNormal {
      transaction.raw = raw
    } else {
      items[items.count - 1] = .bytes(transaction.signature)
      transaction.raw = [0x76] + RLP.encode(.list(items))
    }
    transaction.hash = Keccak256.hash(transaction.raw)
    return transaction
  }

  private static func checkStructure(_ transaction: DecodedTransaction) throws {
    guard !transaction.calls.isEmpty else { throw RPCFailure.invalidParameters("calls list cannot be empty") }
    for (index, call) in transaction.calls.enumerated() where call.to == nil {
      guard index == 0, transaction.delegations == 0 else {
        throw RPCFailure.invalidParameters("only the first call of a transaction can create a contract")
      }
      guard !SignatureRules.isKeychain(transaction.signature) else {
        throw RPCFailure.invalidParameters("access keys cannot create contracts")
      }
    }
    if let before = transaction.validBefore, let after = transaction.validAfter, before <= after {
      throw RPCFailure.invalidParameters("valid_before must be greater than valid_after")
    }
  }

  private static func calls(_ item: RLPItem) throws -> [ChainTransaction.Call] {
    try item.list().map { entry in
      let fields = try entry.list(count: 3)
      return ChainTransaction.Call(
        to: try fields[0].optionalAddress(), value: try fields[1].uint256(), data: try fields[2].bytes())
    }
  }

  /// Keys of each address.
  private static func accessList(_ item: RLPItem) throws -> [Int] {
    try item.list().map { entry in
      let fields = try entry.list(count: 2)
      _ = try fields[0].address()
      return try fields[1].list().map { try $0.hash() }.count
    }
  }

  private static func nonZero(_ item: RLPItem) throws -> UInt64? {
    let value = try item.uint64()
    return value == 0 ? nil : value
  }

  /// Empty, or a list of parity, r and s. A hand-off (an address or a zero byte) is not a transaction yet.
  private static func sponsorSignature(_ item: RLPItem) throws -> [UInt8]? {
    if item == .empty { return nil }
    let fields = try item.list(count: 3)
    return try signature(parity: fields[0].uint64(), r: fields[1], s: fields[2])
  }

  // MARK: Ethereum types

  private static func eip1559(_ raw: [UInt8]) throws -> DecodedTransaction {
    let items = try RLP.decode(raw[1...], limits: limits).list(count: 12)
    var transaction = DecodedTransaction(kind: .eip1559)
    transaction.chainID = try items[0].uint64()
    transaction.nonce = try items[1].uint64()
    transaction.maxPriorityFee = try items[2].uint128()
    transaction.maxFee = try items[3].uint128()
    transaction.gasLimit = try items[4].uint64()
    transaction.calls = [
      ChainTransaction.Call(
        to: try items[5].optionalAddress(), value: try items[6].uint256(), data: try items[7].bytes())
    ]
    transaction.accessList = try accessList(items[8])
    transaction.signature = try signature(parity: items[9].uint64(), r: items[10], s: items[11])
    transaction.senderPreimage = [0x02] + RLP.encode(.list(Array(items[..<9])))
    transaction.raw = raw
    transaction.hash = Keccak256.hash(raw)
    return transaction
  }

  private static func legacy(_ raw: [UInt8]) throws -> DecodedTransaction {
    let items = try RLP.decode(raw, limits: limits).list(count: 9)
    var transaction = DecodedTransaction(kind: .legacy)
    transaction.nonce = try items[0].uint64()
    transaction.maxFee = try items[1].uint128()
    transaction.maxPriorityFee = transaction.maxFee
    transaction.gasLimit = try items[2].uint64()
    transaction.calls = [
      ChainTransaction.Call(
        to: try items[3].optionalAddress(), value: try items[4].uint256(), data: try items[5].bytes())
    ]
    let v = try items[6].uint64()
    var unsigned = Array(items[..<6])
    let parity: UInt64
    if v >= 35 {
      let chainID = (v - 35) / 2
      transaction.chainID = chainID
      parity = (v - 35) % 2
      unsigned += [RLP.uint(chainID), .empty, .empty]
    } else {
      guard v == 27 || v == 28 else { throw RPCFailure.undecodable }
      parity = v - 27
    }
    transaction.signature = try signature(parity: parity, r: items[7], s: items[8])
    transaction.senderPreimage = RLP.encode(.list(unsigned))
    transaction.raw = raw
    transaction.hash = Keccak256.hash(raw)
    return transaction
  }

  /// `r ‖ s ‖ 27/28`.
  private static func signature(parity: UInt64, r: RLPItem, s: RLPItem) throws -> [UInt8] {
    guard parity <= 1 else { throw RPCFailure.undecodable }
    return try r.uint256().bytes32 + s.uint256().bytes32 + [27 + UInt8(parity)]
  }
}
