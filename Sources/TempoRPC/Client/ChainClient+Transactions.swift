public import EVM
import MPPCore
public import Tempo

extension ChainClient {
  /// Sends a signed transaction once. Sending the same bytes again is harmless (`02` §14.3).
  /// - Returns: the node's hash, checked against the hash of the bytes; also when the node knew them.
  /// - Throws: `.rejected` when the node refused, `.unavailable` when it never saw the bytes, `.ambiguous`
  ///   when nobody knows: look for the receipt by hash then.
  public func sendRawTransaction(_ raw: [UInt8]) async throws(ChainError) -> Hash32 {
    let hash = Keccak256.hash(raw)
    switch await send(raw) {
    case .accepted(let answered):
      guard answered == hash else {
        throw ChainError(.invalidAnswer, "the node names another hash than the transaction has", hash: hash)
      }
      return hash
    case .known: return hash
    case .refused(let text): throw ChainError(.rejected, text, hash: hash)
    case .notReceived(let text): throw ChainError(.unavailable, text, hash: hash)
    case .ambiguous(let text): throw ChainError(.ambiguous, text, hash: hash)
    }
  }

  /// Sends a signed transaction and waits for its receipt.
  /// - Throws: as `sendRawTransaction`, and `.timeout` when there is no receipt in time.
  public func sendRawTransactionSync(
    _ raw: [UInt8], deadlineMilliseconds: Int64? = nil
  ) async throws(ChainError) -> TransactionReceipt {
    let hash = Keccak256.hash(raw)
    do { _ = try await sendRawTransaction(raw) } catch  where !error.isAmbiguous { throw error } catch {}
    return try await waitForReceipt(hash, deadlineMilliseconds: deadlineMilliseconds)
  }

  /// Units of `token` that `account` holds.
  public func balance(
    of account: Address, token: Address, at block: BlockTag = .latest
  ) async throws(ChainError) -> UInt128 {
    let calldata = try ReserveCalls.encode { () throws(TempoError) in
      try TIP20ABI.balanceOfCalldata(account)
    }
    let data = try await call(to: token, data: calldata, block: block)
    let amount = try ReserveCalls.decode("balance") { () throws(TempoError) in
      try TIP20ABI.decodeAmount(data)
    }
    guard let units = amount.uint128 else { throw RPCAnswer.invalid("balance") }
    return units
  }

  /// The channel's on-chain state; all zero for a channel that is unknown, closed or withdrawn.
  public func channelState(
    _ id: Hash32, escrow: Address = TempoAddress.channelReserve, at block: BlockTag = .latest
  ) async throws(ChainError) -> ChannelState {
    let calldata = try ReserveCalls.encode { () throws(TempoError) in
      try ChannelReserveABI.getChannelStateCalldata(id)
    }
    let data = try await call(to: escrow, data: calldata, block: block)
    return try ReserveCalls.decode("channel state") { () throws(TempoError) in
      try ChannelReserveABI.decodeState(data)
    }
  }

  /// States of several channels in one call, in order.
  public func channelStates(
    _ ids: [Hash32], escrow: Address = TempoAddress.channelReserve, at block: BlockTag = .latest
  ) async throws(ChainError) -> [ChannelState] {
    guard !ids.isEmpty else { return [] }
    let calldata = try ReserveCalls.encode { () throws(TempoError) in
      try ChannelReserveABI.getChannelStatesBatchCalldata(ids)
    }
    let data = try await call(to: escrow, data: calldata, block: block)
    let states = try ReserveCalls.decode("channel states") { () throws(TempoError) in
      try ChannelReserveABI.decodeStates(data)
    }
    guard states.count == ids.count else { throw RPCAnswer.invalid("channel states") }
    return states
  }

  /// The state of the channel with this descriptor; also checks that the node echoes the descriptor.
  public func channel(
    _ descriptor: ChannelDescriptor, escrow: Address = TempoAddress.channelReserve,
    at block: BlockTag = .latest
  ) async throws(ChainError) -> ChannelState {
    let calldata = try ReserveCalls.encode { () throws(TempoError) in
      try ChannelReserveABI.getChannelCalldata(descriptor)
    }
    let data = try await call(to: escrow, data: calldata, block: block)
    let channel = try ReserveCalls.decode("channel") { () throws(TempoError) in
      try ChannelReserveABI.decodeChannel(data)
    }
    guard channel.descriptor == descriptor else { throw RPCAnswer.invalid("channel") }
    return channel.state
  }
}
