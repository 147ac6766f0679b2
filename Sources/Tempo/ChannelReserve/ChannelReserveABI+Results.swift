import EVM

extension ChannelReserveABI {
  /// Return data of `getChannelState`. All zeros means: never opened, closed, or withdrawn.
  public static func decodeState(_ data: [UInt8]) throws(TempoError) -> ChannelState {
    var values = try ABIReader.decodeReturn(getChannelState, data)
    return try state(try values.nested())
  }

  /// The return data a node would send for `getChannelState`.
  public static func encodeState(_ state: ChannelState) throws(TempoError) -> [UInt8] {
    try ABIReader.encodeReturn(getChannelState, [value(state)])
  }

  /// Return data of `getChannelStatesBatch`, in the order of the question.
  public static func decodeStates(_ data: [UInt8]) throws(TempoError) -> [ChannelState] {
    var values = try ABIReader.decodeReturn(getChannelStatesBatch, data)
    var states: [ChannelState] = []
    for member in try values.members() {
      var tuple = ABIReader.Arguments([member], getChannelStatesBatch.name)
      states.append(try state(try tuple.nested()))
    }
    return states
  }

  /// The return data a node would send for `getChannelStatesBatch`, in the order of the question.
  public static func encodeStates(_ states: [ChannelState]) throws(TempoError) -> [UInt8] {
    try ABIReader.encodeReturn(getChannelStatesBatch, [.array(states.map(value))])
  }

  /// Return data of `getChannel`. The descriptor is an echo of the question, not a proof that it exists.
  public static func decodeChannel(
    _ data: [UInt8]
  ) throws(TempoError) -> (descriptor: ChannelDescriptor, state: ChannelState) {
    var values = try ABIReader.decodeReturn(getChannel, data)
    var channel = try values.nested()
    let descriptor = try descriptor(try channel.nested())
    return (descriptor, try state(try channel.nested()))
  }

  /// The return data a node would send for `getChannel`.
  public static func encodeChannel(
    descriptor: ChannelDescriptor, state: ChannelState
  ) throws(TempoError) -> [UInt8] {
    try ABIReader.encodeReturn(getChannel, [.tuple([value(descriptor), value(state)])])
  }

  static func value(_ state: ChannelState) -> ABIValue {
    .tuple([.uint(state.settled), .uint(state.deposit), .uint(UInt64(state.closeRequestedAt))])
  }

  static func value(_ descriptor: ChannelDescriptor) -> ABIValue {
    .tuple(members(descriptor))
  }

  static func members(_ descriptor: ChannelDescriptor) -> [ABIValue] {
    [
      .address(descriptor.payer), .address(descriptor.payee), .address(descriptor.operator),
      .address(descriptor.token), .bytes32(descriptor.salt), .address(descriptor.authorizedSigner),
      .bytes32(descriptor.expiringNonceHash),
    ]
  }

  static func descriptor(_ arguments: ABIReader.Arguments) throws(TempoError) -> ChannelDescriptor {
    var arguments = arguments
    return ChannelDescriptor(
      payer: try arguments.address(), payee: try arguments.address(), operator: try arguments.address(),
      token: try arguments.address(), salt: try arguments.hash(),
      authorizedSigner: try arguments.address(), expiringNonceHash: try arguments.hash())
  }

  private static func state(_ arguments: ABIReader.Arguments) throws(TempoError) -> ChannelState {
    var arguments = arguments
    let settled = try arguments.uint128()
    let deposit = try arguments.uint128()
    guard let closeRequestedAt = UInt32(exactly: try arguments.uint64()) else { throw .amountOutOfRange }
    return try ChannelState(settled: settled, deposit: deposit, closeRequestedAt: closeRequestedAt)
  }
}
