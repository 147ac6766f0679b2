import EVM
import Testing

@testable import TempoRPC

@Suite struct IntentMachineTests {
  typealias Event = IntentMachine.Event
  typealias Action = IntentMachine.Action

  static let validBefore: UInt64 = 1_000

  /// Every situation a machine can be in, by the events that lead there.
  enum Situation: String, CaseIterable {
    case fresh, recovered, lookOnly, held, ambiguous, past, absentOnce, included, expired, rejected, confirmed

    var machine: IntentMachine {
      var machine = IntentMachine(
        state: self == .confirmed ? .confirmed(block: 9) : .prepared, validBefore: validBefore,
        maySend: self != .lookOnly)
      let events: [Event] =
        switch self {
        case .fresh: [.start]
        case .recovered, .lookOnly: [.recover]
        case .held: [.start, .answer(.accepted(.zero))]
        case .ambiguous: [.start, .answer(.ambiguous("?"))]
        case .past: [.recover, .noReceipt, .head(number: 7, timestamp: 1_030)]
        case .absentOnce:
          [.recover, .noReceipt, .head(number: 7, timestamp: 1_030), .effect(false), .noReceipt]
        case .included: [.recover, .receipt(block: 5, succeeded: true)]
        case .expired:
          [.recover, .noReceipt, .head(number: 7, timestamp: 1_030), .effect(false), .noReceipt, .noReceipt]
        case .rejected: [.start, .answer(.refused("no"))]
        case .confirmed: []
        }
      for event in events { _ = machine.handle(event) }
      return machine
    }
  }

  static let events: [(String, Event)] = [
    ("start", .start), ("recover", .recover), ("accepted", .answer(.accepted(.zero))),
    ("known", .answer(.known("already known"))), ("refused", .answer(.refused("no"))),
    ("notReceived", .answer(.notReceived("down"))), ("ambiguous", .answer(.ambiguous("?"))),
    ("success", .receipt(block: 5, succeeded: true)), ("revert", .receipt(block: 5, succeeded: false)),
    ("noReceipt", .noReceipt), ("early", .head(number: 7, timestamp: 1_029)),
    ("late", .head(number: 7, timestamp: 1_030)), ("effect", .effect(true)), ("noEffect", .effect(false)),
    ("unreadable", .unreadable), ("wake", .wake), ("deadline", .deadline),
  ]

  /// What each event leads to: the action, in every situation that is not final.
  static func expected(_ situation: Situation, _ event: String) -> Action {
    let sends = situation != .lookOnly
    let unknown = situation == .fresh
    switch event {
    case "start": return sends ? .send : .lookForReceipt
    case "recover", "accepted", "known", "ambiguous", "noEffect": return .lookForReceipt
    case "refused": return unknown ? .finish(.rejected("no")) : .lookForReceipt
    case "notReceived": return unknown ? .readHead : .lookForReceipt
    case "success": return .finish(.included(block: 5))
    case "revert": return .finish(.reverted)
    case "noReceipt":
      return situation == .absentOnce ? .finish(.expired) : situation == .past ? .lookForReceipt : .readHead
    case "early", "unreadable": return .pause
    case "late": return .probe(block: 7)
    case "effect": return .finish(.effective(block: situation == .past || situation == .absentOnce ? 7 : 0))
    // A held transaction is looked for; it is sent again at every eighth look (the count starts at zero).
    case "wake": return sends ? .send : .lookForReceipt
    case "deadline":
      return .finish(unknown ? .unavailable("") : .pending)
    default: preconditionFailure("no such event")
    }
  }

  static func final(_ situation: Situation) -> Action? {
    switch situation {
    case .included: .finish(.included(block: 5))
    case .confirmed: .finish(.included(block: 9))
    case .expired: .finish(.expired)
    case .rejected: .finish(.rejected("no"))
    case .fresh, .recovered, .lookOnly, .held, .ambiguous, .past, .absentOnce: nil
    }
  }

  @Test(arguments: Situation.allCases) func everyEventInEverySituation(_ situation: Situation) {
    for (name, event) in Self.events {
      var machine = situation.machine
      let action = machine.handle(event)
      if let final = Self.final(situation) {
        #expect(action == final, "\(situation) is final, \(name)")
        continue
      }
      let expected = Self.expected(situation, name)
      #expect(action == expected, "\(situation) \(name)")
    }
  }

  /// All sequences of six events, checked against the rules that keep money safe.
  @Test func noSequenceBreaksTheRules() {
    var count = 0
    func explore(_ machine: IntentMachine, _ trail: Trail, _ depth: Int) {
      for (name, event) in Self.events where name != "start" || depth == 6 {
        var next = machine
        var trail = trail
        let action = next.handle(event)
        trail.note(event, action)
        count += 1
        if let broken = trail.broken {
          Issue.record("\(broken) after \(name)")
          return
        }
        if case .finish = action { continue }
        if depth > 1 { explore(next, trail, depth - 1) }
      }
    }
    explore(IntentMachine(state: .prepared, validBefore: Self.validBefore), Trail(), 5)
    #expect(count > 100_000)
  }

  struct Trail {
    var taken = false
    var past = false
    var absences = 0
    var broken: String?

    mutating func note(_ event: Event, _ action: Action) {
      switch event {
      case .recover, .answer(.accepted), .answer(.known), .answer(.ambiguous): taken = true
      case .head(_, let timestamp):
        past = timestamp >= IntentMachineTests.validBefore + ChainIntent.absenceMargin
        absences = 0
      case .noReceipt: absences += 1
      case .unreadable: past = false
      default: break
      }
      switch action {
      case .finish(.rejected) where taken: broken = "a refusal was believed although the bytes were out"
      case .finish(.expired) where !past: broken = "absence without a block well past validBefore"
      case .finish(.expired) where absences < 2: broken = "absence without a second look"
      case .finish(.unavailable) where taken: broken = "called unsent although a node may hold it"
      default: break
      }
    }
  }

  @Test func aHeldTransactionIsSentAgainOnlyNowAndThen() {
    var machine = Situation.held.machine
    var sent = 0
    for _ in 0..<24 {
      _ = machine.handle(.noReceipt)
      _ = machine.handle(.head(number: 1, timestamp: 1))
      if machine.handle(.wake) == .send { sent += 1 }
    }
    #expect(sent == 24 / IntentMachine.resendEvery)
  }

  @Test func theEndOfTimeIsNeverPast() {
    #expect(!ChainIntent.isPast(.max, at: .max))
    #expect(!ChainIntent.isPast(.max - 29, at: .max))
    #expect(ChainIntent.isPast(.max - 30, at: .max))
  }

  @Test func anIntentNeverGoesBack() {
    let states: [ChainIntent.State] = [
      .prepared, .sent, .included(block: 1), .confirmed(block: 1), .expired, .rejected,
    ]
    // Rows: the stored state; columns: the next one, in the same order.
    let allowed = ["111111", "011111", "001101", "000100", "000010", "000001"]
    for (row, stored) in states.enumerated() {
      let answers = states.map { stored.mayBecome($0) ? "1" : "0" }.joined()
      #expect(answers == allowed[row], "\(stored)")
    }
  }

  @Test func withoutValidBeforeNothingEverExpires() {
    var machine = IntentMachine(state: .sent, validBefore: nil)
    _ = machine.handle(.recover)
    _ = machine.handle(.noReceipt)
    #expect(machine.handle(.head(number: 1, timestamp: .max)) == .pause)
    #expect(machine.handle(.deadline) == .finish(.pending))
  }
}
