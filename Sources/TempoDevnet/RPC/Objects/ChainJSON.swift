import EVM
import MPPCore
import Tempo

/// Blocks, transactions, receipts and logs as JSON-RPC objects (`03` §10.3, `20` §5).
struct ChainJSON {
  let chain: ChainState

  static func object(_ members: [(String, JSONValue)]) -> JSONValue {
    .object(members.map { JSONValue.Member(key: $0.0, value: $0.1) })
  }

  // MARK: Blocks

  func block(_ block: Block, full: Bool) -> JSONValue {
    let transactions: [JSONValue] = block.transactions.compactMap { hash in
      guard full else { return Quantity.hash(hash) }
      return chain.transactions[hash].map(transaction)
    }
    let seed = block.hash.bytes
    return Self.object([
      ("number", Quantity.hex(block.number)), ("hash", Quantity.hash(block.hash)),
      ("parentHash", Quantity.hash(block.parentHash)),
      ("timestamp", Quantity.hex(block.timestamp)),
      ("timestampMillis", Quantity.hex(block.timestampMilliseconds)),
      ("timestampMillisPart", Quantity.hex(block.timestampMilliseconds % 1000)),
      ("baseFeePerGas", Quantity.hex(chain.parameters.baseFee)),
      ("gasLimit", Quantity.hex(ChainParameters.blockGasLimit)), ("gasUsed", Quantity.hex(block.gasUsed)),
      ("mainBlockGeneralGasLimit", Quantity.hex(ChainParameters.transactionGasCap)),
      ("sharedGasLimit", Quantity.hex(0 as UInt64)),
      ("miner", Quantity.json(Address.zero)), ("difficulty", "0x0"), ("totalDifficulty", "0x0"),
      ("extraData", "0x"), ("nonce", "0x0000000000000000"), ("mixHash", Quantity.hash(.zero)),
      ("sha3Uncles", Quantity.hash(.zero)), ("size", "0x0"), ("uncles", []),
      ("stateRoot", Quantity.hash(Keccak256.hash(seed + [1]))),
      ("transactionsRoot", Quantity.hash(Keccak256.hash(seed + [2]))),
      ("receiptsRoot", Quantity.hash(Keccak256.hash(seed + [3]))),
      ("logsBloom", .string(Bloom.text(of: logs(in: block)))), ("transactions", .array(transactions)),
    ])
  }

  private func logs(in block: Block) -> [Log] {
    block.transactions.flatMap { chain.transactions[$0]?.outcome.logs ?? [] }
  }

  // MARK: Transactions

  func transaction(_ sealed: SealedTransaction) -> JSONValue {
    let block = chain.block(sealed.blockNumber)
    return transaction(
      sealed.transaction,
      place: [
        ("blockHash", Quantity.hash(block?.hash ?? .zero)),
        ("blockNumber", Quantity.hex(sealed.blockNumber)),
        ("blockTimestamp", Quantity.hex(block?.timestamp ?? 0)),
        ("transactionIndex", Quantity.hex(UInt64(sealed.index))),
        ("gasPrice", Quantity.hex(sealed.outcome.price)),
      ])
  }

  func pending(_ transaction: ChainTransaction) -> JSONValue {
    self.transaction(
      transaction,
      place: [
        ("blockHash", .null), ("blockNumber", .null), ("transactionIndex", .null),
        ("gasPrice", Quantity.hex(transaction.content.maxFee)),
      ])
  }

  private func transaction(_ transaction: ChainTransaction, place: [(String, JSONValue)]) -> JSONValue {
    let content = transaction.content
    var members: [(String, JSONValue)] = [
      ("type", Self.type(transaction.kind)), ("hash", Quantity.hash(transaction.hash)),
      ("from", Quantity.json(transaction.sender)),
      ("chainId", content.chainID.map { Quantity.hex($0) } ?? .null),
      ("nonce", Quantity.hex(content.nonce)), ("gas", Quantity.hex(content.gasLimit)),
      ("maxFeePerGas", Quantity.hex(content.maxFee)),
      ("maxPriorityFeePerGas", Quantity.hex(content.maxPriorityFee)), ("accessList", []),
    ]
    if transaction.kind == .tempo {
      members += tempoMembers(transaction)
    } else {
      members += ethereumMembers(content)
    }
    return Self.object(members + place)
  }

  private func tempoMembers(_ transaction: ChainTransaction) -> [(String, JSONValue)] {
    let content = transaction.content
    let calls = content.calls.map { call in
      Self.object([
        ("to", Quantity.json(call.to)), ("value", "0x0"), ("input", .string(Quantity.data(call.data))),
      ])
    }
    return [
      ("calls", .array(calls)), ("nonceKey", .string(content.nonceKey.hexQuantity)),
      ("validBefore", content.validBefore.map { Quantity.hex($0) } ?? .null),
      ("validAfter", content.validAfter.map { Quantity.hex($0) } ?? .null),
      ("feeToken", Quantity.json(content.feeToken)),
      ("feePayerSignature", content.sponsorSignature.map { Self.object(Self.signature($0)) } ?? .null),
      ("aaAuthorizationList", []), ("keyAuthorization", content.keyGrant?.json ?? .null),
      ("signature", Self.envelope(content.signature, keyID: transaction.accessKey?.id)),
    ]
  }

  private func ethereumMembers(_ content: DecodedTransaction) -> [(String, JSONValue)] {
    let call = content.calls[0]
    return [
      ("to", Quantity.json(call.to)), ("value", .string(call.value.hexQuantity)),
      ("input", .string(Quantity.data(call.data))),
    ] + Self.signature(content.signature)
  }

  /// `02` §3.9.
  static func envelope(_ bytes: [UInt8], keyID: Address? = nil) -> JSONValue {
    if SignatureRules.isKeychain(bytes) { return keychain(bytes, keyID) }
    guard SignatureRules.hasForm(bytes) else { return .null }
    guard bytes.count != 65 else { return object([("type", "secp256k1")] + signature(bytes)) }
    func word(_ start: Int) -> JSONValue { .string(Hex.encode(bytes[start..<start + 32])) }
    let isP256 = bytes.first == 0x01
    let start = isP256 ? 1 : bytes.count - 128
    var members: [(String, JSONValue)] = [
      ("type", isP256 ? "p256" : "webAuthn"), ("r", word(start)), ("s", word(start + 32)),
      ("pubKeyX", word(start + 64)), ("pubKeyY", word(start + 96)),
    ]
    members.append(
      isP256
        ? ("preHash", .bool(bytes[129] == 1)) : ("webauthnData", .string(Hex.encode(bytes[1..<start]))))
    return object(members)
  }

  private static func keychain(_ bytes: [UInt8], _ keyID: Address?) -> JSONValue {
    guard bytes.count > 21 else { return .null }
    return object([
      ("userAddress", .string(Hex.encode(bytes[1..<21]))), ("signature", envelope(Array(bytes[21...]))),
      ("version", "v2"), ("keyId", Quantity.json(keyID)),
    ])
  }

  /// Members of a 65-byte signature.
  static func signature(_ bytes: [UInt8]) -> [(String, JSONValue)] {
    guard bytes.count == 65 else { return [] }
    func scalar(_ range: Range<Int>) -> JSONValue {
      let digits = Hex.encodeUnprefixed(bytes[range]).drop { $0 == "0" }
      return .string(digits.isEmpty ? "0x0" : "0x" + digits)
    }
    let parity = Quantity.hex(UInt64(bytes[64] &- 27))
    return [("r", scalar(0..<32)), ("s", scalar(32..<64)), ("yParity", parity), ("v", parity)]
  }

  private static func type(_ kind: ChainTransaction.Kind) -> JSONValue { Quantity.hex(UInt64(kind.rawValue)) }

  // MARK: Receipts

  func receipt(_ sealed: SealedTransaction) -> JSONValue {
    let outcome = sealed.outcome
    let transaction = sealed.transaction
    return Self.object([
      ("type", Self.type(transaction.kind)), ("status", outcome.succeeded ? "0x1" : "0x0"),
      ("transactionHash", Quantity.hash(transaction.hash)),
      ("transactionIndex", Quantity.hex(UInt64(sealed.index))),
      ("blockHash", Quantity.hash(chain.block(sealed.blockNumber)?.hash ?? .zero)),
      ("blockNumber", Quantity.hex(sealed.blockNumber)), ("from", Quantity.json(transaction.sender)),
      ("to", Quantity.json(transaction.calls.first?.to)),
      ("contractAddress", Quantity.json(outcome.contractAddress)),
      ("cumulativeGasUsed", Quantity.hex(sealed.cumulativeGas)), ("gasUsed", Quantity.hex(outcome.gasUsed)),
      ("effectiveGasPrice", Quantity.hex(outcome.price)), ("feePayer", Quantity.json(transaction.feePayer)),
      ("feeToken", Quantity.json(outcome.feeToken)), ("logsBloom", .string(Bloom.text(of: outcome.logs))),
      ("logs", .array(outcome.logs.indices.map { log(sealed, $0) })),
    ])
  }

  func log(_ sealed: SealedTransaction, _ index: Int) -> JSONValue {
    guard let block = chain.block(sealed.blockNumber) else { return .null }
    return log(sealed, index, block: block, removed: false)
  }

  func log(_ sealed: SealedTransaction, _ index: Int, block: Block, removed: Bool) -> JSONValue {
    Self.log(
      sealed.outcome.logs[index], block: block, transaction: sealed.transaction.hash, index: sealed.index,
      logIndex: sealed.firstLogIndex + index, removed: removed)
  }

  static func log(
    _ log: Log, block: Block, transaction: Hash32, index: Int, logIndex: Int, removed: Bool = false
  ) -> JSONValue {
    object([
      ("address", Quantity.json(log.address)), ("topics", .array(log.topics.map(Quantity.hash))),
      ("data", .string(Quantity.data(log.data))), ("blockHash", Quantity.hash(block.hash)),
      ("blockNumber", Quantity.hex(block.number)), ("blockTimestamp", Quantity.hex(block.timestamp)),
      ("transactionHash", Quantity.hash(transaction)),
      ("transactionIndex", Quantity.hex(UInt64(index))), ("logIndex", Quantity.hex(UInt64(logIndex))),
      ("removed", .bool(removed)),
    ])
  }
}

/// Ethereum's 2048-bit filter over the addresses and topics of logs.
enum Bloom {
  static func text(of logs: [Log]) -> String {
    var bits = [UInt8](repeating: 0, count: 256)
    for log in logs {
      add(Keccak256.hash(log.address.bytes), to: &bits)
      for topic in log.topics { add(Keccak256.hash(topic.bytes), to: &bits) }
    }
    return Hex.encode(bits)
  }

  private static func add(_ hash: Hash32, to bits: inout [UInt8]) {
    let bytes = hash.bytes
    for pair in [0, 2, 4] {
      let bit = (Int(bytes[pair]) << 8 | Int(bytes[pair + 1])) & 2047
      bits[255 - bit / 8] |= 1 << UInt8(bit % 8)
    }
  }
}
