import EVM
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

/// Receipts that are not what the payment was: nothing is delivered for them (`06` §1.9).
@Suite("Charges: falsified receipts")
struct ChargeReceiptTests {
  enum Lie: String, CaseIterable, Sendable {
    case otherRecipient, otherAmount, otherToken, noLog, reverted, otherMemo, otherSender

    /// 503: the next look may say something else.
    case otherBlock, otherTransaction

    var isUndecided: Bool { self == .otherBlock || self == .otherTransaction }

    func bend(_ receipt: JSONValue) -> JSONValue {
      switch self {
      case .otherRecipient: Self.logs(receipt) { Self.topic(2, in: $0) }
      case .otherSender: Self.logs(receipt) { Self.topic(1, in: $0) }
      case .otherMemo: Self.logs(receipt) { Self.topic(3, in: $0) }
      case .otherAmount: Self.set("data", .string("0x" + String(repeating: "0", count: 63) + "1"), receipt)
      case .otherToken: Self.set("address", .string(TempoAddress.alphaUSD.hex), receipt)
      case .noLog: receipt.replacing(["logs": []])
      case .reverted: receipt.replacing(["status": "0x0"])
      case .otherBlock: receipt.replacing(["blockHash": .string(Self.junk)])
      case .otherTransaction: receipt.replacing(["transactionHash": .string(Self.junk)])
      }
    }

    private static let junk = "0x" + String(repeating: "00", count: 31) + "aa"

    private static func logs(_ receipt: JSONValue, _ bend: (JSONValue) -> JSONValue) -> JSONValue {
      receipt.replacing(["logs": .array((receipt["logs"]?.arrayValue ?? []).map(bend))])
    }

    private static func set(_ key: String, _ value: JSONValue, _ receipt: JSONValue) -> JSONValue {
      logs(receipt) { $0.replacing(.object([.init(key: key, value: value)])) }
    }

    private static func topic(_ index: Int, in log: JSONValue) -> JSONValue {
      var topics = log["topics"]?.arrayValue ?? []
      guard topics.indices.contains(index) else { return log }
      topics[index] = .string(junk)
      return log.replacing(["topics": .array(topics)])
    }
  }

  @Test(
    "Status and the exact logs, of the transaction and in the chain's own block", arguments: Lie.allCases,
    [false, true])
  func refused(_ lie: Lie, isPushed: Bool) async throws {
    let devnet = try Harness.chain()
    let gateway = Gateway(devnet)
    let harness = try await ChargeHarness(devnet: devnet) { options in
      options.transport = gateway
      options.limits.receiptDeadline = 1_000
      options.pushDeadline = 1_000
    }
    let challenge = try await harness.challenge()
    let payload: ChargePayload =
      isPushed
      ? .hash(try await harness.pushed(challenge))
      : .transaction(try await harness.signed(challenge).serialized)
    let credential = harness.credential(challenge, payload)
    gateway.bend("eth_getTransactionReceipt") { lie.bend($0) }
    let outcome = await harness.send(credential)
    #expect(Harness.problem(outcome)?.status == (lie.isUndecided ? 503 : 402), "\(Harness.text(outcome))")
    gateway.honest()
    if lie.isUndecided { try await harness.deliver(await harness.send(credential)) }
  }

  @Test(
    "One false answer does not make a payment void: the second look decides",
    arguments: [Lie.otherRecipient, .otherAmount, .noLog, .reverted])
  func oneLieDecidesNothing(_ lie: Lie) async throws {
    let devnet = try Harness.chain()
    let gateway = Gateway(devnet)
    let harness = try await ChargeHarness(devnet: devnet) { options in
      options.transport = gateway
      options.limits.receiptDeadline = 1_000
    }
    let challenge = try await harness.challenge()
    let credential = harness.credential(
      challenge, .transaction(try await harness.signed(challenge).serialized))
    let before = harness.paid()
    let lies = Mutex(1)
    gateway.bend("eth_getTransactionReceipt") { receipt in
      let isLie = lies.withLock { left in
        defer { left = max(0, left - 1) }
        return left > 0
      }
      return isLie ? lie.bend(receipt) : receipt
    }
    let outcome = await harness.send(credential)
    if case .proceed = outcome {
      // The broadcast itself had the honest answer.
      try await harness.deliver(outcome)
    } else {
      #expect(Harness.problem(outcome)?.status == 503, "\(Harness.text(outcome))")
      try await harness.deliver(await harness.send(credential))
    }
    #expect(harness.paid() == before + ChargeHarness.price)
  }
}

extension JSONValue {
  /// With these members instead of what it has of the same name.
  fileprivate func replacing(_ changes: JSONValue) -> JSONValue {
    guard case .object(let members) = self, case .object(let others) = changes else { return self }
    return .object(members.filter { member in !others.contains { $0.key == member.key } } + others)
  }
}
