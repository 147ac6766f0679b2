package import MPPCore

/// The end of one HTTP exchange: what its head leaves of the time is what its body has. A body that never ends, or trickles, blocks
/// nothing that waits for it.
package struct ExchangeDeadline: Sendable {
  private let end: Timestamp
  private let longest: Int64
  private let clock: any WallClock
  private let sleeper: any Sleeper

  /// Starts the time of an exchange; made before its request is sent.
  package init(_ timeout: Duration, clock: any WallClock, sleeper: any Sleeper) {
    let (seconds, attoseconds) = timeout.components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
    longest = overflow ? Int64(Int32.max) : max(0, product + attoseconds / 1_000_000_000_000_000)
    end = clock.now.adding(milliseconds: longest)
    self.clock = clock
    self.sleeper = sleeper
  }

  /// Reads a body that is kept here and handed to nobody.
  /// - Throws: `ExchangeTimedOut` at the deadline, `ResponseBodyTooLarge` beyond `limit` bytes, or what the connection reported.
  package func bytes(of body: ResponseBody, upTo limit: ByteCount) async throws -> [UInt8] {
    try await run { try await body.bytes(upTo: limit) }
  }

  /// Runs what is left of the exchange, or all of it.
  /// - Throws: `ExchangeTimedOut` at the deadline, or what `operation` threw.
  package func run<T: Sendable>(_ operation: @escaping @Sendable () async throws -> T) async throws -> T {
    // The clock may have been set meanwhile; never longer than the whole exchange.
    let left = min(max(end.milliseconds - clock.now.milliseconds, 0), longest)
    return try await sleeper.within(milliseconds: left, orThrow: ExchangeTimedOut(), operation)
  }
}

package struct ExchangeTimedOut: Error, CustomStringConvertible {
  package var description: String { "the whole answer did not arrive in time" }
}
