import EVM

/// Multicall3, done natively (`02` §13, `03` §9.5). Inside, the caller is the multicall contract.
extension World {
  /// Calls of multicalls of multicalls … are bounded.
  private static let maximumDepth = 8

  private enum Selector {
    static let aggregate3 = Calldata.selector("aggregate3((address,bool,bytes)[])")
    static let aggregate3Value = Calldata.selector("aggregate3Value((address,bool,uint256,bytes)[])")
    static let aggregate = Calldata.selector("aggregate((address,bytes)[])")
    static let blockAndAggregate = Calldata.selector("blockAndAggregate((address,bytes)[])")
    static let tryAggregate = Calldata.selector("tryAggregate(bool,(address,bytes)[])")
    static let tryBlockAndAggregate = Calldata.selector("tryBlockAndAggregate(bool,(address,bytes)[])")
    static let blockHash = Calldata.selector("getBlockHash(uint256)")
    static let lastBlockHash = Calldata.selector("getLastBlockHash()")
    static let blockNumber = Calldata.selector("getBlockNumber()")
    static let timestamp = Calldata.selector("getCurrentBlockTimestamp()")
    static let coinbase = Calldata.selector("getCurrentBlockCoinbase()")
    static let gasLimit = Calldata.selector("getCurrentBlockGasLimit()")
    static let chainID = Calldata.selector("getChainId()")
    static let baseFee = Calldata.selector("getBasefee()")
    static let balance = Calldata.selector("getEthBalance(address)")
  }

  private struct InnerCall {
    var target: Address
    var mayFail: Bool
    var data: [UInt8]
  }

  mutating func callMulticall(_ data: [UInt8]) throws(Revert) -> [UInt8] {
    charge(3_000)
    guard let input = Calldata(data) else { throw Revert.empty }
    if let value = try blockValue(input) { return value }
    let entry = ABIType.tuple([.address, .bytes])
    switch input.selector {
    case Selector.aggregate3:
      let calls = try innerCalls(input, [.array(.tuple([.address, .bool, .bytes]))])
      return try encode([.array(Self.result)], [.array(try run(calls))])
    case Selector.aggregate3Value:
      let calls = try innerCalls(input, [.array(.tuple([.address, .bool, .uint256, .bytes]))])
      return try encode([.array(Self.result)], [.array(try run(calls))])
    case Selector.tryAggregate:
      let calls = try innerCalls(input, [.bool, .array(entry)])
      return try encode([.array(Self.result)], [.array(try run(calls))])
    case Selector.aggregate:
      let results = try run(try innerCalls(input, [.array(entry)]))
      return try encode([.uint256, .array(.bytes)], [blockNumber, .array(try results.map(Self.data))])
    case Selector.blockAndAggregate, Selector.tryBlockAndAggregate:
      let isTry = input.selector == Selector.tryBlockAndAggregate
      let calls = try innerCalls(input, isTry ? [.bool, .array(entry)] : [.array(entry)])
      return try encode(
        [.uint256, .bytes32, .array(Self.result)],
        [blockNumber, .bytes32(context.parentHash), .array(try run(calls))])
    default: throw Revert.empty
    }
  }

  /// `(bool success, bytes returnData)`
  private static let result = ABIType.tuple([.bool, .bytes])

  private var blockNumber: ABIValue { .uint(context.blockNumber) }

  private func blockValue(_ input: Calldata) throws(Revert) -> [UInt8]? {
    switch input.selector {
    case Selector.blockNumber: Words.encode(UInt256(context.blockNumber))
    case Selector.timestamp: Words.encode(UInt256(context.timestamp))
    case Selector.chainID: Words.encode(UInt256(chainID))
    case Selector.baseFee: Words.encode(UInt256(context.baseFee))
    case Selector.gasLimit: Words.encode(UInt256(ChainParameters.blockGasLimit))
    case Selector.coinbase: Words.encode(0)
    case Selector.balance: Words.encode(Self.nativeBalance)
    case Selector.lastBlockHash: context.parentHash.bytes
    case Selector.blockHash:
      try input.uint256(0) == UInt256(context.blockNumber &- 1)
        ? context.parentHash.bytes : Hash32.zero.bytes
    default: nil
    }
  }

  /// What `eth_getBalance` answers for everybody: there is no native coin.
  private static let nativeBalance: UInt256 = {
    do {
      return try UInt256(quantity: "0x9612084f0316e0ebd5182f398e5195a51b5ca47667d4c9b26c9b26c9b26c9b2")
    } catch {
      return .zero
    }
  }()

  private func encode(_ types: [ABIType], _ values: [ABIValue]) throws(Revert) -> [UInt8] {
    do { return try ABI.encode(types: types, values) } catch { throw Revert.empty }
  }

  private static func data(_ result: ABIValue) throws(Revert) -> ABIValue {
    do { return try result.members()[1] } catch { throw Revert.empty }
  }

  /// All five argument lists: a leading flag that says whether failures are allowed, or a flag in each entry.
  private func innerCalls(_ input: Calldata, _ types: [ABIType]) throws(Revert) -> [InnerCall] {
    let values = try input.values(types)
    do {
      let mayAllFail = values.count == 2 ? try !values[0].bool() : false
      var calls: [InnerCall] = []
      for entry in try values[values.count - 1].members() {
        let members = try entry.members()
        var mayFail = mayAllFail
        if members.count > 2 { mayFail = try members[1].bool() }
        if members.count == 4, try !members[2].uint256().isZero { throw Revert.multicallFailed }
        calls.append(
          InnerCall(
            target: try members[0].address(), mayFail: mayFail,
            data: try members[members.count - 1].bytes()))
      }
      return calls
    } catch let revert as Revert {
      throw revert
    } catch {
      throw Revert.empty
    }
  }

  /// Each call on a checkpoint of its own.
  private mutating func run(_ calls: [InnerCall]) throws(Revert) -> [ABIValue] {
    guard depth < Self.maximumDepth else { throw Revert.empty }
    depth += 1
    defer { depth -= 1 }
    var results: [ABIValue] = []
    for inner in calls {
      let mark = mark
      let cells = storage.newCells
      do throws(Revert) {
        let answer = try call(inner.target, inner.data, from: Addresses.multicall3)
        results.append(.tuple([.bool(true), .bytes(answer)]))
      } catch {
        rollBack(to: mark)
        storage.forgetNewCells(beyond: cells)
        guard inner.mayFail else { throw Revert.multicallFailed }
        results.append(.tuple([.bool(false), .bytes(error.data)]))
      }
    }
    return results
  }
}

extension Revert {
  fileprivate static let multicallFailed = Revert(reason: "Multicall3: call failed")
}
