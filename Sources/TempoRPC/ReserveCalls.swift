import EVM
import Tempo

/// Calldata and return data of the reads. Return data is decoded strictly; anything else is `.invalidAnswer`.
enum ReserveCalls {
  private static let stateType = ABIType.tuple([.uint96, .uint96, .uint32])
  private static let descriptorType = ABIType.tuple([
    .address, .address, .address, .address, .bytes32, .address, .bytes32,
  ])
  private static let getChannelStateFunction = ABIFunction(
    "getChannelState", [.bytes32], returns: [stateType])
  private static let getStatesBatchFunction = ABIFunction(
    "getChannelStatesBatch", [.array(.bytes32)], returns: [.array(stateType)])
  private static let getChannelFunction = ABIFunction(
    "getChannel", [descriptorType], returns: [.tuple([descriptorType, stateType])])
  private static let balanceOfFunction = ABIFunction("balanceOf", [.address], returns: [.uint256])

  static func balanceOf(_ account: Address) throws(ChainError) -> [UInt8] {
    try encode(balanceOfFunction, [.address(account)])
  }

  static func getChannelState(_ id: Hash32) throws(ChainError) -> [UInt8] {
    try encode(getChannelStateFunction, [.bytes32(id)])
  }

  static func getChannelStatesBatch(_ ids: [Hash32]) throws(ChainError) -> [UInt8] {
    try encode(getStatesBatchFunction, [.array(ids.map { .bytes32($0) })])
  }

  static func getChannel(_ descriptor: ChannelDescriptor) throws(ChainError) -> [UInt8] {
    try encode(getChannelFunction, [value(descriptor)])
  }

  static func balance(_ data: [UInt8]) throws(ChainError) -> UInt128 {
    do { return try balanceOfFunction.decodeReturn(data)[0].uint128() } catch {
      throw RPCValue.invalid("balance")
    }
  }

  static func channelState(_ data: [UInt8]) throws(ChainError) -> ChannelState {
    do { return try state(getChannelStateFunction.decodeReturn(data)[0]) } catch {
      throw RPCValue.invalid("channel state")
    }
  }

  static func channelStates(_ data: [UInt8], count: Int) throws(ChainError) -> [ChannelState] {
    do {
      let states = try getStatesBatchFunction.decodeReturn(data)[0].members().map { try state($0) }
      guard states.count == count else { throw RPCValue.invalid("channel states") }
      return states
    } catch {
      throw RPCValue.invalid("channel states")
    }
  }

  static func channel(_ data: [UInt8], _ descriptor: ChannelDescriptor) throws(ChainError) -> ChannelState {
    do {
      let members = try getChannelFunction.decodeReturn(data)[0].members()
      guard members.count == 2, members[0] == value(descriptor) else { throw RPCValue.invalid("channel") }
      return try state(members[1])
    } catch {
      throw RPCValue.invalid("channel")
    }
  }

  private static func encode(_ function: ABIFunction, _ values: [ABIValue]) throws(ChainError) -> [UInt8] {
    do { return try function.encode(values) } catch {
      throw ChainError(.rejected, "the call cannot be encoded")
    }
  }

  private static func value(_ descriptor: ChannelDescriptor) -> ABIValue {
    .tuple([
      .address(descriptor.payer), .address(descriptor.payee), .address(descriptor.operator),
      .address(descriptor.token), .bytes32(descriptor.salt), .address(descriptor.authorizedSigner),
      .bytes32(descriptor.expiringNonceHash),
    ])
  }

  private static func state(_ value: ABIValue) throws -> ChannelState {
    let words = try value.members()
    guard words.count == 3, let requested = UInt32(exactly: try words[2].uint64()) else {
      throw RPCValue.invalid("channel state")
    }
    return try ChannelState(
      settled: words[0].uint128(), deposit: words[1].uint128(), closeRequestedAt: requested)
  }
}
