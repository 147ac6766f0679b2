import EVM
import MPPCore
import MPPTempo
import Tempo

extension Maker {
  mutating func timestamp() -> Timestamp {
    Timestamp(milliseconds: Int64(number(-62_167_219_200_000...253_402_300_799_999)))
  }

  private mutating func name(_ first: [String], _ rest: [String]) -> String {
    pick(first) + list(0...6) { $0.pick(rest) }.joined()
  }

  mutating func visible(_ range: ClosedRange<Int>) -> String {
    list(range) { $0.pick(["a", "Z", "9", " ", "\"", "\\", ",", "=", "~", "-", "u0041"]) }.joined()
  }

  mutating func parameters() throws -> ChallengeParameters {
    ChallengeParameters(
      realm: "r" + visible(0...10), method: name(["t", "z"], ["a", "0", ":", "_", "-"]),
      intent: name(["c", "C", "0", "-"], ["a", "Z", "9", "-"]), request: try RawRequest(.object(members())),
      expires: optional { $0.timestamp().rfc3339(subMillisecond: UInt32($0.number(0...999_999))) },
      description: optional { $0.text(1...10, avoidingNewlines: true) },
      digest: optional { BodyDigest.compute($0.bytes(0...40)) },
      opaque: try optional { maker in
        try ChallengeParameters.opaque(
          .object(
            maker.list(0...3) { $0.text() }.enumerated().map {
              .init(key: "k\($0.offset)", value: .string($0.element))
            }))
      })
  }

  mutating func receipt() throws -> Receipt {
    let names = ["method", "reference", "status", "timestamp", "externalId", "subscriptionId"]
    return try Receipt(
      method: text(), reference: text(), timestamp: timestamp().rfc3339, externalID: optional { $0.text() },
      subscriptionID: optional { $0.text() }, extra: members().filter { !names.contains($0.key) })
  }

  mutating func problem() -> PaymentProblem {
    PaymentProblem(
      code: .init(rawValue: text(1...4)), status: number(400...599), title: text(), detail: text(),
      hint: optional { $0.text() }, details: members(), challengeID: optional { $0.text() },
      extensions: members().map { .init(key: "x-" + $0.key, value: $0.value) })
  }

  mutating func descriptor() throws -> ChannelDescriptor {
    ChannelDescriptor(
      payer: try address(), payee: try address(), operator: try address(), token: try address(),
      salt: try hash(),
      authorizedSigner: try address(), expiringNonceHash: try hash())
  }

  mutating func sessionPayload() throws -> SessionPayload {
    let (id, descriptor, amount) = (try hash(), try descriptor(), amount96())
    switch number(0...3) {
    case 0:
      return .open(
        .init(
          channelID: id, descriptor: descriptor, transaction: bytes(1...80), cumulativeAmount: amount,
          signature: bytes(1...130), authorizedSigner: try optional { try $0.address() },
          authorizationSignature: optional { $0.bytes(1...65) }))
    case 1:
      return .topUp(
        .init(channelID: id, descriptor: descriptor, transaction: bytes(1...80), additionalDeposit: amount))
    case 2:
      return .voucher(
        .init(
          channelID: id, descriptor: descriptor, cumulativeAmount: amount, signature: bytes(1...130),
          authorizationSignature: optional { $0.bytes(1...65) }))
    default:
      return .close(
        .init(
          channelID: id, descriptor: descriptor, cumulativeAmount: amount, signature: bytes(1...130),
          authorizationSignature: optional { $0.bytes(1...65) },
          refundSignature: optional { $0.bytes(1...65) }))
    }
  }

  mutating func sessionRequest() throws -> SessionRequest {
    SessionRequest(
      amount: amount(), currency: text(), recipient: optional { $0.text() }, unitType: text(),
      suggestedDeposit: optional { $0.amount() },
      methodDetails: .init(
        chainID: optional { UInt64($0.number(1...Int.max)) },
        escrowContract: try optional { SpelledAddress(try $0.address()) },
        operator: try optional { SpelledAddress(try $0.address()) }, feePayer: optional { $0.chance() },
        feeToken: try optional { SpelledAddress(try $0.address()) },
        minVoucherDelta: optional { $0.amount() },
        channelID: try optional { try $0.hash() }, machineTokenEnabled: chance() ? true : nil,
        sessionProtocol: optional { $0.text() }, sessionSnapshot: optional { $0.json() }))
  }

  mutating func snapshot() throws -> SessionSnapshot {
    SessionSnapshot(
      acceptedCumulative: amount96(), chainID: UInt64(number(1...Int.max)), channelID: try hash(),
      closeRequestedAt: optional { String($0.number(0...Int.max)) }, deposit: amount96(),
      descriptor: try descriptor(),
      escrow: try address(),
      highestVoucher: try optional { maker in
        .init(
          channelID: try maker.hash(), cumulativeAmount: maker.amount96(), signature: maker.bytes(1...130))
      }, requiredCumulative: amount96(), settled: amount96(), spent: amount96(),
      units: optional { Int64($0.number(0...Int.max)) })
  }

  mutating func sessionReceipt() throws -> SessionReceipt {
    SessionReceipt(
      timestamp: timestamp(), challengeID: text(), channelID: try hash(), acceptedCumulative: amount(),
      spent: amount(),
      units: optional { Int64($0.number(0...Int.max)) }, transactionHash: try optional { try $0.hash() })
  }
}
