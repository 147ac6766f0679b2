import EVM
import MPPTempo
import Tempo

/// Everything a voucher's channel must agree with (C4): one lane, and at most one usable channel, for each.
struct LaneKey: Sendable, Hashable, CustomStringConvertible {
  let payer: Address
  let payee: Address
  let token: Address
  let `operator`: Address
  let escrow: Address
  let chainID: UInt64
  /// Channels are never shared between origins.
  let origin: String

  init(payer: Address, terms: SessionTerms, chainID: UInt64, origin: String) {
    self.payer = payer
    payee = terms.payee
    token = terms.token
    self.operator = terms.operator
    escrow = terms.escrow
    self.chainID = chainID
    self.origin = origin
  }

  init(_ channel: ClientChannel) {
    payer = channel.descriptor.payer
    payee = channel.descriptor.payee
    token = channel.descriptor.token
    self.operator = channel.descriptor.operator
    escrow = channel.escrow
    chainID = channel.chainID
    origin = channel.origin
  }

  var description: String {
    [payer.hex, payee.hex, token.hex, self.operator.hex, escrow.hex, String(chainID), origin].joined(
      separator: "|")
  }
}
