import MPPTempo
import Synchronization

/// Which channel each origin says it remembers, as long as nothing has become of it. In memory only: it is the server's word.
final class RememberedChannels: Sendable {
  /// Each is asked once; this many are asked at all.
  private static let maximumOrigins = 1_024
  private let snapshots = Mutex<[String: SessionSnapshot]>([:])

  /// The newest for an origin; one that is there already goes.
  func keep(_ snapshot: SessionSnapshot, of origin: String) {
    snapshots.withLock { snapshots in
      guard snapshots[origin] != nil || snapshots.count < Self.maximumOrigins else { return }
      snapshots[origin] = snapshot
    }
  }

  func snapshot(of origin: String) -> SessionSnapshot? { snapshots.withLock { $0[origin] } }

  func forget(_ snapshot: SessionSnapshot, of origin: String) {
    snapshots.withLock { snapshots in
      if snapshots[origin] == snapshot { snapshots[origin] = nil }
    }
  }
}
