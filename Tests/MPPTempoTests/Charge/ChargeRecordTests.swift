import EVM
import MPPCore
import MPPTempo
import Testing

@Suite("ChargeRecord: one payment, delivered once, tried twice at most (06 §1.16)")
struct ChargeRecordTests {
  static let now = Timestamp(milliseconds: 1_000_000)
  static let lease = Timestamp(milliseconds: 1_030_000)
  static let later = Timestamp(milliseconds: 1_030_000)

  static let fresh = ChargeRecord(
    transaction: Hash32.zero, challengeID: "c", payer: Address.zero, request: Hash32.zero, createdAt: now,
    validBefore: 1_025)

  static func record(_ transitions: [ChargeTransition]) throws -> ChargeRecord {
    try transitions.reduce(fresh) { record, transition in try record.applying(transition) }
  }

  static let deliver = ChargeTransition.deliver(now: now, leaseUntil: lease)
  static let states: [(name: String, path: [ChargeTransition])] = [
    ("broadcasting", []),
    ("settled", [.settle(receipt: "r")]),
    ("delivering", [.settle(receipt: "r"), deliver]),
    ("settledAgain", [.settle(receipt: "r"), deliver, .failed(delivery: 1)]),
    ("deliveringAgain", [.settle(receipt: "r"), deliver, .failed(delivery: 1), deliver]),
    ("delivered", [.settle(receipt: "r"), deliver, .delivered]),
    ("void", [.void]),
  ]

  /// Every state under every event: the name of the state it leads to, or of the error.
  static let table: [String: [String]] = [
    // settle, void, deliver, delivered, failed and renewed by the first delivery, failed by the second
    "broadcasting": [
      "settled", "void", "inProgress", "notAllowed", "notAllowed", "notAllowed", "notAllowed",
    ],
    "settled": ["settled", "notAllowed", "delivering", "notAllowed", "settled", "notAllowed", "settled"],
    "delivering": [
      "delivering", "notAllowed", "inProgress", "delivered", "settled", "delivering", "delivering",
    ],
    "settledAgain": [
      "settled", "notAllowed", "delivering", "notAllowed", "settled", "notAllowed", "settled",
    ],
    "deliveringAgain": [
      "delivering", "notAllowed", "inProgress", "delivered", "delivering", "notAllowed", "delivered",
    ],
    "delivered": [
      "delivered", "notAllowed", "alreadyUsed", "delivered", "delivered", "notAllowed", "delivered",
    ],
    "void": ["void", "void", "void", "void", "void", "void", "void"],
  ]
  static let events: [ChargeTransition] = [
    .settle(receipt: "r"), .void, deliver, .delivered, .failed(delivery: 1),
    .renew(delivery: 1, leaseUntil: lease), .failed(delivery: 2),
  ]

  private func name(_ phase: ChargePhase) -> String {
    switch phase {
    case .broadcasting: "broadcasting"
    case .settled: "settled"
    case .delivering: "delivering"
    case .delivered: "delivered"
    case .void: "void"
    }
  }

  @Test("every event in every state does what the table says", arguments: states.map(\.name))
  func table(_ state: String) throws {
    let path = try #require(Self.states.first { $0.name == state }).path
    let expected = try #require(Self.table[state])
    let record = try Self.record(path)
    for (event, outcome) in zip(Self.events, expected) {
      var result: String
      do throws(ChargeTransitionError) {
        result = name(try record.applying(event).phase)
      } catch {
        result = "\(error)"
      }
      #expect(result == outcome, "\(state) × \(event)")
    }
  }

  @Test("a delivery whose process died is tried once more after its lease, and never a third time")
  func redelivery() throws {
    let first = try Self.record([.settle(receipt: "r"), Self.deliver])
    let second = try first.applying(.deliver(now: Self.later, leaseUntil: Timestamp(milliseconds: 1_060_000)))
    #expect(second.deliveries == 2)
    #expect(throws: ChargeTransitionError.alreadyUsed) {
      try second.applying(
        .deliver(now: Timestamp(milliseconds: 1_060_000), leaseUntil: Timestamp(milliseconds: 1_090_000)))
    }
  }

  @Test("a renewed lease ends later, never earlier")
  func renewal() throws {
    let later = Timestamp(milliseconds: 1_090_000)
    let renewed = try Self.record([.settle(receipt: "r"), Self.deliver])
      .applying(.renew(delivery: 1, leaseUntil: later)).applying(.renew(delivery: 1, leaseUntil: Self.lease))
    #expect(renewed.phase == .delivering(leaseUntil: later))
    #expect(throws: ChargeTransitionError.inProgress) {
      try renewed.applying(.deliver(now: Self.later, leaseUntil: later))
    }
  }

  @Test("a receipt is the one of the settlement, whatever is settled later")
  func receipt() throws {
    let record = try Self.record([.settle(receipt: "first"), .settle(receipt: "second")])
    #expect(record.receipt == "first")
  }

  @Test("what is stored is what was meant; every damaged byte is noticed", arguments: states.map(\.name))
  func encoding(_ state: String) throws {
    let path = try #require(Self.states.first { $0.name == state }).path
    let record = try Self.record(path)
    let bytes = try record.encoded()
    #expect(try ChargeRecord(decoding: bytes) == record)
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 0x20
      #expect(throws: RecordError.self) { try ChargeRecord(decoding: damaged) }
    }
    for count in bytes.indices {
      #expect(throws: RecordError.self) { try ChargeRecord(decoding: Array(bytes.prefix(count))) }
    }
  }
}
