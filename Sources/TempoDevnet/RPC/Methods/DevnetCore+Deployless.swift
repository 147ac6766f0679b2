import EVM
import MPPCore

/// Calls without a target (`03` §9.5).
extension DevnetCore {
  /// The answer to a call without target; `nil` for every other call. Simulated creations of known contracts,
  /// and of nothing, take the usual way.
  mutating func deployless(
    _ parameters: RPCParameters, _ overrides: SimulationOverrides, wall: Timestamp
  ) throws(RPCFailure) -> ChainState.CallResult? {
    let request = try SimulationRequest(parameters[0])
    guard request.content.calls.count == 1, request.content.calls[0].to == nil,
      !request.content.calls[0].data.isEmpty
    else { return nil }
    let code = request.content.calls[0].data
    guard !chain.parameters.legacyEscrowInitCodes.contains(Keccak256.hash(code)) else { return nil }
    let programs = configuration.deployless
    if programs.multicallWrapper.begins(code) {
      return try runMulticall(
        code, programs, request, parameters[1], overrides, wall: wall)
    }
    if programs.signatureValidator.begins(code) {
      return ChainState.CallResult(
        gasUsed: 100_000,
        returnData: [try isValid(Array(code[programs.signatureValidator.count...])) ? 1 : 0])
    }
    throw .reverted(.empty)
  }

  private mutating func runMulticall(
    _ code: [UInt8], _ programs: DeploylessPrograms, _ request: SimulationRequest, _ tag: JSONValue?,
    _ overrides: SimulationOverrides, wall: Timestamp
  ) throws(RPCFailure) -> ChainState.CallResult {
    let arguments: [ABIValue]
    do {
      arguments = try ABI.decode(
        [.bytes, .bytes], code[programs.multicallWrapper.count...], form: .inBounds)
      guard programs.multicall.begins(try arguments[0].bytes()) else { throw ABIError.typeMismatch }
    } catch {
      throw .reverted(.empty)
    }
    var inner = request
    do {
      inner.content.calls = [
        ChainTransaction.Call(to: Addresses.multicall3, value: .zero, data: try arguments[1].bytes())
      ]
    } catch {
      throw .reverted(.empty)
    }
    let number = try stateBlock(tag, wall: wall)
    let result = try chain.simulate(inner, after: number, overrides, at: time(wall: wall))
    if let revert = result.revert { throw .reverted(revert) }
    return result
  }

  /// `(address signer, bytes32 hash, bytes signature)`, for accounts of all three kinds of key.
  private func isValid(_ arguments: [UInt8]) throws(RPCFailure) -> Bool {
    do {
      let values = try ABI.decode([.address, .bytes32, .bytes], arguments[...], form: .inBounds)
      return SignatureRules.signer(of: try values[1].hash32(), signature: try values[2].bytes())
        == (try values[0].address())
    } catch {
      throw .reverted(.empty)
    }
  }
}
