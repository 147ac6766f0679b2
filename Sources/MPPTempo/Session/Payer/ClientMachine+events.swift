import MPPCore

extension ClientChannel {
  /// The channel after an event, or an error when the event has no meaning in the present phase. Pure.
  public func applying(_ event: Event) throws(TransitionError) -> ClientChannel {
    var next = self
    switch event {
    case .openAcknowledged:
      try require([.opening, .open], event)
      next.phase = .open
      next.acknowledgement = .given
    case .openRefused:
      try require([.open], event)
      if acknowledgement == .awaited { next.acknowledgement = .refused }
    case .openReverted:
      try require([.opening], event)
      next.phase = .abandoned
    case .topUpPrepared(let action):
      try require([.open], event)
      guard topUp == nil else { throw .notAllowed(phase: phase, event: event.name) }
      next.topUp = action
    case .topUpResolved:
      try require([.open, .closing, .orphaned, .closeRequested, .closed], event)
      next.topUp = nil
    case .closeProven(let captured):
      try require([.open, .closing, .orphaned, .closeRequested, .closed], event)
      if captured > account.owed { next.isDisputed = true }
      next.settled = max(settled, captured)
      next.phase = .closed
      next.closeRequestedAt = nil
    case .closePrepared(let amount):
      try require([.open, .closing], event)
      guard amount <= account.authorized else {
        throw .closeAboveAuthorized(amount, authorized: account.authorized)
      }
      next.phase = .closing
      next.closeAmount = amount
    case .disowned:
      try require([.opening, .open, .closing, .orphaned, .closeRequested], event)
      if phase != .closeRequested { next.phase = .orphaned }
    case .observed(let state):
      next.observe(state)
    case .receipt(let spent, let units):
      guard spent <= account.authorized else {
        throw .beyondAuthorized(spent, authorized: account.authorized)
      }
      next.spent = max(self.spent, spent)
      next.units = max(self.units, units ?? 0)
      next.acknowledgement = .given
    }
    return next
  }

  /// The chain decides over every belief: no deposit ends a channel, a close request stops it.
  private mutating func observe(_ state: ObservedChannel) {
    guard state.deposit > .zero else {
      // A replica that lags behind the opening shows no deposit either (U3).
      guard opening?.isDecided(at: state.blockTime) ?? true else { return }
      switch phase {
      case .opening, .abandoned: phase = .abandoned
      case .open, .closing, .orphaned, .closeRequested, .closed:
        phase = .closed
        closeRequestedAt = nil
      }
      return
    }
    account.confirm(deposit: state.deposit)
    settled = max(settled, state.settled)
    if account.acknowledge(capture: state.settled) { isDisputed = true }
    closeRequestedAt = state.closeRequestedAt
    if state.closeRequestedAt != nil {
      phase = .closeRequested
      return
    }
    switch phase {
    case .opening, .abandoned: phase = .open  // mined after all
    case .closeRequested: phase = .orphaned  // the request was cancelled by a top-up
    case .open, .closing, .orphaned: break
    case .closed: phase = .orphaned  // a lagging replica called it closed, a fresh one does not
    }
    if isDisputed, phase == .open { phase = .orphaned }
  }

  private func require(_ phases: [Phase], _ event: Event) throws(TransitionError) {
    guard phases.contains(phase) else { throw .notAllowed(phase: phase, event: event.name) }
  }
}

extension ClientChannel.Event {
  /// The event's name, without its values.
  public var name: String {
    switch self {
    case .openAcknowledged: "openAcknowledged"
    case .openRefused: "openRefused"
    case .openReverted: "openReverted"
    case .topUpPrepared: "topUpPrepared"
    case .topUpResolved: "topUpResolved"
    case .closeProven: "closeProven"
    case .closePrepared: "closePrepared"
    case .disowned: "disowned"
    case .observed: "observed"
    case .receipt: "receipt"
    }
  }
}
