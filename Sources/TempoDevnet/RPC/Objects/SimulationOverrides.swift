import MPPCore

/// What a caller may pretend about the block: its time.
struct SimulationOverrides: Sendable {
  /// Seconds.
  var timestamp: UInt64?

  init() {}

  /// From the third and fourth parameter of `eth_call`.
  init(_ parameters: RPCParameters, wall: Timestamp) throws(RPCFailure) {
    try self.init(state: parameters[2], block: parameters[3])
  }

  init(state: JSONValue?, block: JSONValue?) throws(RPCFailure) {
    if let state, !state.isNull, state.objectValue?.isEmpty != true {
      throw .invalidParameters("state overrides are not supported")
    }
    for member in block?.objectValue ?? [] {
      guard member.key == "time" else {
        throw .invalidParameters("block overrides other than time are not supported")
      }
      let time = try RPCParameters.quantity(member.value, "time")
      // The year 10000 is far enough.
      guard time < 253_402_300_800 else { throw .invalidParameters("time out of range") }
      timestamp = time
    }
  }
}
