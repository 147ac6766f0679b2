public import MPPCore
import Tempo
public import TempoDevnet

/// Who holds how much pathUSD, base units.
public struct Books: Sendable, Hashable {
  /// Everybody but the three below.
  public let others: Amount
  /// Account 0 of the devnet, which sells.
  public let payee: Amount
  public let escrow: Amount
  public let fees: Amount

  public init(_ devnet: Devnet) {
    payee = devnet.balance(of: devnet.accounts[0].address)
    escrow = devnet.balance(of: TempoAddress.channelReserve)
    fees = devnet.balance(of: TempoAddress.feeManager)
    let named = [devnet.accounts[0].address, TempoAddress.channelReserve, TempoAddress.feeManager]
    others = Amount(
      units: devnet.balances().filter { !named.contains($0.key) }.values.reduce(0) { $0 + $1.units })
  }

  public var total: UInt128 { others.units + payee.units + escrow.units + fees.units }

  /// What does not add up between two moments: money that came from nowhere, fees nobody was charged.
  func faults(since opening: Books, receipts: [DevnetReceipt]) -> [String] {
    var faults: [String] = []
    if total != opening.total { faults.append("there was \(opening.total), there is \(total)") }
    let charged = receipts.reduce(0 as UInt128) { $0 + $1.fee.units }
    if fees.units - opening.fees.units != charged {
      faults.append("receipts show fees of \(charged), collected are \(fees.units - opening.fees.units)")
    }
    return faults
  }
}
