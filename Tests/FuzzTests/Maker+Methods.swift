import EVM
import MPPCore
import MPPTempo
import Tempo

/// Charges, subscriptions, preferences, events and frames.
extension Maker {
  mutating func chargePayload() throws -> ChargePayload {
    switch number(0...2) {
    case 0: .transaction(bytes(1...80))
    case 1: .hash(try hash())
    default: .proof(bytes(1...130))
    }
  }

  mutating func chargeRequest() throws -> ChargeRequest {
    let recipients = try list(0...3) { try $0.address().checksummed }
    var splits: [ChargeRequest.Split] = []
    for recipient in recipients {
      splits.append(
        .init(
          amount: Amount(units: UInt128(number(1...1000))), recipient: recipient,
          memoText: try optional { try $0.hash().hex }))
    }
    return ChargeRequest(
      amount: amount(), currency: try address().checksummed, recipient: try optional { try $0.address().hex },
      description: optional { $0.text() }, externalID: optional { $0.text() },
      methodDetails: .init(
        chainID: optional { UInt64($0.number(1...Int.max)) }, feePayer: optional { $0.chance() },
        memoText: try optional { try $0.hash().hex }, splits: splits,
        supportedModes: optional { $0.pick([[.push], [.pull], [.push, .pull]]) }))
  }

  mutating func subscriptionRequest() throws -> SubscriptionRequest {
    let period = try SubscriptionPeriod(
      count: UInt64(number(1...1_000_000)), unit: pick(SubscriptionPeriod.Unit.allCases))
    return try SubscriptionRequest(
      amount: Amount(units: uint128() | 1), currency: try address(), recipient: try address(), period: period,
      subscriptionExpires: Timestamp(seconds: Int64(number(1...4_000_000_000))).rfc3339,
      description: optional { $0.text() }, externalID: optional { $0.text() },
      accessKey: try optional {
        SubscriptionAccessKey(address: try $0.address(), keyType: $0.pick([.secp256k1, .p256, .webAuthn]))
      }, chainID: optional { UInt64($0.number(1...Int.max)) })
  }

  mutating func acceptPayment() throws -> AcceptPayment {
    AcceptPayment(
      try list(1...6) { maker in
        let weight = maker.pick([0, 1, 10, 100, 250, 999, 1000, maker.number(0...1000)])
        return try .init(
          method: maker.pick(["tempo", "evm", "*", "x-1"]),
          intent: maker.pick(["charge", "session", "*", "0"]),
          weight: PaymentWeight(thousandths: weight) ?? .full)
      })
  }

  mutating func needVoucher() throws -> NeedVoucher {
    NeedVoucher(
      channelID: try hash(), requiredCumulative: amount(), acceptedCumulative: amount(), deposit: amount())
  }

  mutating func socketFrame() throws -> SocketFrame {
    switch number(0...6) {
    case 0: .authorization(text())
    case 1: .closeRequest
    case 2: .message(text())
    case 3: .needVoucher(try needVoucher())
    case 4: .receipt(try sessionReceipt())
    case 5: .closeReady(try sessionReceipt())
    default: .error(status: number(400...599), message: text())
    }
  }
}
