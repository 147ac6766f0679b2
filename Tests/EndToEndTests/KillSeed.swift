import Foundation

/// The seed of the random moments: `MPP_SEED`, or a new one.
enum KillSeed {
  static var value: UInt64 {
    ProcessInfo.processInfo.environment["MPP_SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ... .max)
  }
}
