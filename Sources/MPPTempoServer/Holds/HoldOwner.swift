import EVM
import Logging
import MPPCore
import MPPTempo
import TempoRPC

/// Records with leases for the deliveries of this process: channels, and payments on the chain.
protocol HoldOwner: Sendable {
  var live: LiveHolds { get }
  /// Milliseconds of a lease.
  var holdLease: Int64 { get }
  /// Milliseconds after which a delivery is taken for forgotten.
  var longestDelivery: Int64 { get }
  /// Whether nobody else takes a delivery for dead at the end of its lease.
  var isOnlyProcess: Bool { get }
  var clock: any WallClock { get }
  var sleeper: any Sleeper { get }
  var logger: Logger { get }

  /// Writes every end that the ledger has not taken.
  func writeOwed() async
  /// Ends holds of a record in their owners' place, durably: what is being sent is charged, what is not is given back and will not
  /// be sent.
  func decide(_ ids: [HoldID], of id: Hash32) async throws
  /// Gives holds of a record a new lease; those that are somebody else's now will not be sent.
  func renew(_ ids: Set<HoldID>, of id: Hash32, at now: Timestamp) async throws
}
