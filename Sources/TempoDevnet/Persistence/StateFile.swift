import EVM
import MPPCore

/// A chain as a file: JSON with a version. Blocks and receipts of the recent past are kept; the state of blocks
/// before the newest cannot be read any more after a restart.
enum StateFile {
  static let version: Int64 = 1
  /// Blocks that are written.
  static let keptBlocks = 1_024
  private static let limits = JSONLimits(
    maximumBytes: 1 << 30, maximumDepth: 16, maximumMembers: 1 << 24, maximumElements: 1 << 24)

  // MARK: Writing

  static func write(_ core: DevnetCore) -> [UInt8] {
    let chain = core.chain
    let cells = chain.world.storage.cells.map { ($0.key.name, $0.value) }.sorted { $0.0 < $1.0 }
    let blocks = chain.blocks.suffix(keptBlocks)
    let json = ChainJSON.object([
      ("version", .integer(version)), ("chainId", Quantity.hex(chain.parameters.chainID)),
      ("clockOffset", .integer(core.clock.offset)), ("baseFee", Quantity.hex(chain.parameters.baseFee)),
      ("gasModel", .string(chain.parameters.gasModel.rawValue)),
      ("reorganisations", Quantity.hex(chain.reorganisations)),
      ("tokens", .array(chain.world.tokens.sorted { $0.key < $1.key }.map(token))),
      ("scopes", .array(chain.world.scopeTable.sorted { $0.key < $1.key }.map { scopes($0.value) })),
      ("cells", ChainJSON.object(cells.map { ($0.0, .string($0.1.hexQuantity)) })),
      ("blocks", .array(blocks.map { block($0, in: chain) })),
      ("pool", .array(chain.pool.map { .string(Quantity.data($0.transaction.raw)) })),
    ])
    return Array(json.serialized().utf8)
  }

  private static func token(_ address: Address, _ metadata: TokenMetadata) -> JSONValue {
    [
      "address": Quantity.json(address), "name": .string(metadata.name),
      "symbol": .string(metadata.symbol), "currency": .string(metadata.currency),
      "quoteToken": Quantity.json(metadata.quoteToken),
    ]
  }

  private static func scopes(_ scopes: CallScopes) -> JSONValue {
    do {
      return .string(Quantity.data(try ABI.encode(types: [.array(CallScopes.abiType)], [scopes.abi])))
    } catch {
      return .null
    }
  }

  private static func block(_ block: Block, in chain: ChainState) -> JSONValue {
    [
      "number": Quantity.hex(block.number), "hash": Quantity.hash(block.hash),
      "parentHash": Quantity.hash(block.parentHash),
      "timestampMillis": Quantity.hex(block.timestampMilliseconds), "gasUsed": Quantity.hex(block.gasUsed),
      "transactions": .array(
        block.transactions.compactMap { chain.transactions[$0].map(SealedTransactionJSON.write) }),
    ]
  }

  // MARK: Reading

  struct Contents {
    var chain: ChainState
    var clockOffset: Int64
  }

  static func read(_ bytes: [UInt8], parameters: ChainParameters) throws(DevnetStateError) -> Contents {
    let json: JSONValue
    do { json = try JSONValue(parsing: bytes, limits: limits) } catch { throw .unreadable("not JSON") }
    guard json["version"]?.intValue == version else { throw .unknownVersion(json["version"]?.intValue) }
    do {
      let chainID = try RPCParameters.quantity(json["chainId"], "chainId")
      guard chainID == parameters.chainID else { throw DevnetStateError.otherChain(chainID) }
      return Contents(
        chain: try chain(json, parameters: parameters),
        clockOffset: json["clockOffset"]?.intValue ?? 0)
    } catch let error as DevnetStateError {
      throw error
    } catch let failure as RPCFailure {
      throw .unreadable(failure.message)
    } catch {
      throw .unreadable("\(error)")
    }
  }

  private static func chain(_ json: JSONValue, parameters: ChainParameters) throws -> ChainState {
    var parameters = parameters
    parameters.baseFee = UInt128(try RPCParameters.quantity(json["baseFee"], "baseFee"))
    if let model = DevnetConfiguration.GasModel(rawValue: json["gasModel"]?.nameValue ?? "") {
      parameters.gasModel = model
    }
    var blocks: [Block] = []
    var transactions: [Hash32: SealedTransaction] = [:]
    for entry in json["blocks"]?.arrayValue ?? [] {
      let sealed = try SealedTransactionJSON.read(entry, parameters: parameters)
      let block = try block(entry, sealed.map(\.transaction.hash))
      guard blocks.isEmpty || blocks[blocks.count - 1].number + 1 == block.number else {
        throw DevnetStateError.unreadable("blocks are missing")
      }
      blocks.append(block)
      for transaction in sealed { transactions[transaction.transaction.hash] = transaction }
    }
    guard let latest = blocks.last else { throw DevnetStateError.unreadable("no blocks") }
    let context = World.Context(
      blockNumber: latest.number, timestamp: latest.timestamp, baseFee: parameters.baseFee,
      contextHash: .zero)
    var world = World(chainID: parameters.chainID, tokens: try tokens(json), context: context)
    for member in json["cells"]?.objectValue ?? [] {
      guard let slot = Slot(name: member.key) else {
        throw DevnetStateError.unreadable("unknown cell \(member.key)")
      }
      world.storage[slot] = try RPCParameters.uint256(member.value, member.key)
    }
    for entry in json["scopes"]?.arrayValue ?? [] {
      let data = try RPCParameters.bytes(entry, "scopes")
      let scopes = try CallScopes(abi: try ABI.decode([.array(CallScopes.abiType)], data)[0])
      world.scopeTable[scopes.digest] = scopes
    }
    var chain = ChainState(
      parameters: parameters, world: world, blocks: blocks, transactions: transactions)
    chain.reorganisations = try RPCParameters.quantity(json["reorganisations"], "reorganisations")
    chain.pool = try (json["pool"]?.arrayValue ?? []).map { value in
      PendingTransaction(
        transaction: try ChainState.recover(
          try TransactionDecoder.decode(try RPCParameters.bytes(value, "pool"))))
    }
    return chain
  }

  private static func tokens(_ json: JSONValue) throws -> [Address: TokenMetadata] {
    var tokens: [Address: TokenMetadata] = [:]
    for entry in json["tokens"]?.arrayValue ?? [] {
      tokens[try RPCParameters.address(entry["address"], "token")] = TokenMetadata(
        name: entry["name"]?.stringValue ?? "", symbol: entry["symbol"]?.stringValue ?? "",
        currency: entry["currency"]?.stringValue ?? "",
        quoteToken: try RPCParameters.address(entry["quoteToken"], "quoteToken"))
    }
    return tokens
  }

  private static func block(_ json: JSONValue, _ hashes: [Hash32]) throws(RPCFailure) -> Block {
    Block(
      number: try RPCParameters.quantity(json["number"], "number"),
      hash: try RPCParameters.hash(json["hash"], "hash"),
      parentHash: try RPCParameters.hash(json["parentHash"], "parentHash"),
      timestampMilliseconds: try RPCParameters.quantity(json["timestampMillis"], "timestampMillis"),
      transactions: hashes, gasUsed: try RPCParameters.quantity(json["gasUsed"], "gasUsed"), writes: [])
  }
}
