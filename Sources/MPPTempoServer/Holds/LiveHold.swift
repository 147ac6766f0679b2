import EVM
import MPPCore
import MPPTempo

/// What this process knows of a hold it has taken. In memory only: a process that dies releases its holds.
struct LiveHold: Sendable, Equatable {
  enum State: Sendable, Equatable {
    /// The handler runs and nothing was sent. → sending, revoked, reported, owed
    case waiting
    /// The first byte is out. → charged, reported, owed
    case sending
    /// The price was given back before anything was sent: nothing of the content may be. → removed, owed
    case revoked
    /// A close has charged it while it was being sent. → removed, owed
    case charged
    /// Its owner is writing the end. → removed, owed
    case reported
    /// It has an end that the ledger has not taken yet. → removed
    case owed(End)
  }

  /// How a hold ends.
  enum End: Sendable, Equatable {
    case commit
    case release
  }

  /// What the owner of a hold has to do when it reports the end.
  enum Report: Sendable, Equatable {
    /// Write it.
    case write
    /// Nothing: a close has charged the price, or the end is written elsewhere.
    case done
    /// Nothing can be done any more: the price was given back.
    case revoked
  }

  let id: HoldID
  /// Names the record: a channel, or the transaction of a charge.
  let channelID: Hash32
  let takenAt: Timestamp
  /// End of the lease as the ledger has it.
  var expires: Timestamp
  var state = State.waiting

  /// Whether the first byte may be sent.
  mutating func begin() -> Bool {
    switch state {
    case .waiting:
      state = .sending
      return true
    case .sending, .charged: return true
    case .revoked, .reported, .owed: return false
    }
  }

  /// Whether somebody else has ended the hold.
  var isDecided: Bool { state == .revoked || state == .charged }

  mutating func report() -> Report {
    switch state {
    case .waiting, .sending:
      state = .reported
      return .write
    case .revoked: return .revoked
    case .charged, .reported, .owed: return .done
    }
  }

  /// Ends the hold in its owner's place: what is being sent is charged, what is not is given back. `nil` while
  /// the owner is writing the end itself, or after it was decided.
  mutating func decide() -> End? {
    switch state {
    case .waiting:
      state = .revoked
      return .release
    case .sending:
      state = .charged
      return .commit
    case .owed(let end): return end
    case .revoked, .charged, .reported: return nil
    }
  }

  /// The owner is gone without a report.
  mutating func abandon() -> Bool {
    guard state == .waiting || state == .sending else { return false }
    state = .owed(.release)
    return true
  }
}
