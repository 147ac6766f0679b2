package import EVM
package import MPPCore
import MPPTempo
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC

// What a seller does with the vouchers it has.
extension TestSeller {
  /// Keeps a voucher, whatever is answered.
  package func keep(_ amount: Amount, _ signature: [UInt8], of id: Hash32) {
    state.withLock { state in
      guard let channel = state.channels[id], amount > channel.accepted else { return }
      state.channels[id]?.accepted = amount
      state.channels[id]?.signature = signature
    }
  }

  /// Closes a channel on the chain without its payer.
  /// - Parameter amount: captured; nil: everything there is a voucher for.
  package func closeOnChain(_ id: Hash32, capturing amount: Amount? = nil) async throws {
    guard let channel = state.withLock({ $0.channels[id] }) else { throw MissingChannel() }
    let call = try ChannelReserveABI.closeCalldata(
      channel.descriptor, cumulativeAmount: channel.accepted.units,
      captureAmount: (amount ?? channel.accepted).units, signature: channel.signature)
    let transaction = try await TransactionPlanner(client: chain, chainID: devnet.configuration.chainID).plan(
      calls: [Call(to: TempoAddress.channelReserve, data: call)], from: payee.address,
      feeToken: channel.descriptor.token)
    let signed = try transaction.signed(with: payee.privateKey)
    guard try await chain.sendRawTransactionSync(signed.serialized).succeeded else { throw MissingChannel() }
  }
}
