import MPPCore
import Testing

@testable import MPPTempo

private typealias Fixture = ChannelRecordFixture

/// Every phase with every transition (`04` §30.1).
@Suite struct ChannelRecordTransitionTableTests {
  enum Event: CaseIterable {
    case open, voucher, voucherAndHold, hold, commit, release, releaseExpired, releaseAll, topUp
    case closeRequested, requestCancelled, gone, settled, beginClose, abortClose, closed, withdrawn

    var transition: ChannelTransition {
      switch self {
      case .open: .open(Fixture.opening(voucher: 110))
      case .voucher: .acceptVoucher(Fixture.acceptance(120))
      case .voucherAndHold: .acceptAndHold(Fixture.acceptance(120), Fixture.hold(3, 10))
      case .hold: .hold(Fixture.hold(3, 10))
      case .commit: .commit(Fixture.id(2))
      case .release: .release(Fixture.id(2))
      case .releaseExpired: .releaseExpired(now: Fixture.later)
      case .releaseAll: .releaseAll(exceptEpoch: 2)
      case .topUp: .mergeChainState(Fixture.observation(deposit: 2000, closing: 9, block: 20))
      case .closeRequested: .mergeChainState(Fixture.observation(closing: 9, block: 20))
      case .requestCancelled: .mergeChainState(Fixture.observation(deposit: 1500, block: 20))
      case .gone: .mergeChainState(Fixture.observation(deposit: 0, block: 20))
      case .settled:
        .settled(
          total: Fixture.amount(25),
          mark: SettlementMark(at: Fixture.now, spent: Fixture.amount(30), units: 1), block: 20)
      case .beginClose: .beginClose(Fixture.attempt(200, owner: 6, now: Fixture.later))
      case .abortClose: .abortClose(owner: 5)
      case .closed: .closed(captured: Fixture.amount(30), voucher: Fixture.voucher(150), block: 20)
      case .withdrawn: .withdrawn(block: 20)
      }
    }
  }

  enum Outcome: Equatable {
    case to(ChannelPhase)
    case refused(ChannelTransitionError)
  }

  /// What the table of `04` §30.1 says, one row for each event: open, forced, closing, finalized.
  private static func expected(_ event: Event, _ phase: ChannelPhase) -> Outcome {
    let refusal: Outcome =
      switch phase {
      case .open: .to(.open)
      case .forced: .refused(.closeRequested)
      case .closing: .refused(.closing)
      case .finalized: .refused(.finalized)
      }
    switch event {
    case .open, .voucher, .voucherAndHold, .hold: return refusal
    case .commit: return phase == .finalized ? .refused(.unknownHold) : .to(phase)
    case .release, .releaseExpired, .releaseAll: return .to(phase)
    case .topUp, .closeRequested: return phase == .open ? .to(.forced) : .to(phase)
    case .requestCancelled: return phase == .forced ? .to(.open) : .to(phase)
    case .gone, .closed, .withdrawn: return .to(.finalized)
    case .settled: return phase == .finalized ? .refused(.finalized) : .to(phase)
    case .beginClose: return phase == .finalized ? .refused(.finalized) : .to(.closing)
    case .abortClose:
      switch phase {
      case .open, .forced: return .refused(.notCloser)
      case .closing: return .to(.open)
      case .finalized: return .refused(.finalized)
      }
    }
  }

  @Test(arguments: ChannelPhase.allCases, Event.allCases)
  func everyEventInEveryPhase(_ phase: ChannelPhase, _ event: Event) throws {
    let record = try Fixture.record(phase)
    #expect(record.phase == phase)
    let outcome: Outcome
    do throws(ChannelTransitionError) {
      let next = try record.applying(event.transition)
      #expect(throws: Never.self) { try ChannelInvariants.check(next) }
      outcome = .to(next.phase)
      if phase == .finalized { #expect(next.spent == record.spent && next.deposit == .zero) }
    } catch {
      outcome = .refused(error)
    }
    #expect(outcome == Self.expected(event, phase))
  }

  @Test(arguments: Event.allCases)
  func onlyOpeningMakesARecord(_ event: Event) throws {
    if event == .open {
      #expect(try ChannelRecord.applying(event.transition, to: nil).phase == .open)
    } else {
      #expect(throws: ChannelTransitionError.notFound) {
        try ChannelRecord.applying(event.transition, to: nil)
      }
    }
  }

  @Test(arguments: ChannelPhase.allCases)
  func pureTransitionsGiveTheSameTwice(_ phase: ChannelPhase) throws {
    let record = try Fixture.record(phase)
    for event in Event.allCases {
      let first = Result { try record.applying(event.transition) }
      let second = Result { try record.applying(event.transition) }
      switch (first, second) {
      case (.success(let a), .success(let b)): #expect(a == b)
      case (.failure, .failure): break
      default: Issue.record("\(event) in \(phase) differs")
      }
    }
  }
}
