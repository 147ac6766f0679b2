public import EVM
public import MPPCore

/// An embedded chain that answers JSON-RPC as a Tempo node does, for everything MPP uses (`03`).
///
/// It executes the real signed transactions with rules of its own. In process, point a transport at
/// ``handle(_:)`` or ``exchange(_:)``; for other programs, ``start(host:port:)`` listens on HTTP.
/// The chain lives in memory: nothing survives the process but what ``savedState()`` was asked for.
public final class Devnet: Sendable {
  /// As it was given; changing it means making another chain.
  public let configuration: DevnetConfiguration
  /// Prefunded: the usual series `m/44'/60'/0'/0/i` first, then `m/44'/60'/i'/0/0` from `i = 1` on.
  public let accounts: [DevnetAccount]
  /// Prefunded, with the right to mint.
  public let faucet: DevnetAccount
  /// Prefunded, meant as fee payer.
  public let sponsor: DevnetAccount
  let shared: DevnetShared
  let server = DevnetServerState()

  /// Throws only when a configured key or token is unusable.
  public init(
    configuration: DevnetConfiguration = DevnetConfiguration(), wallClock: any WallClock = SystemWallClock()
  ) throws {
    accounts = try WellKnownKeys.keys(configuration).map { try DevnetAccount(privateKeyHex: $0) }
    faucet = try DevnetAccount(privateKeyHex: WellKnownKeys.faucet)
    sponsor = try DevnetAccount(privateKeyHex: WellKnownKeys.sponsor)
    let chain = try Genesis.chain(
      configuration, accounts: accounts, faucet: faucet, sponsor: sponsor, wall: wallClock.now)
    self.configuration = configuration
    shared = DevnetShared(
      core: DevnetCore(configuration: configuration, chain: chain, faucet: faucet, sponsor: sponsor),
      wall: wallClock)
  }

  /// Goes on from what ``savedState()`` wrote. Accounts of the configuration are listed, not funded again.
  ///
  /// Throws ``DevnetStateError`` for a file that is not one, or of another chain.
  public convenience init(
    configuration: DevnetConfiguration = DevnetConfiguration(), restoring state: [UInt8],
    wallClock: any WallClock = SystemWallClock()
  ) throws {
    try self.init(configuration: configuration, wallClock: wallClock)
    let contents = try StateFile.read(state, parameters: ChainParameters(configuration))
    shared.withCore { core, _ in core.restore(contents) }
  }

  /// The chain as JSON with a version: state, pool, clock offset, the newest blocks and their receipts. Snapshots,
  /// filters and faults are not part of it.
  public func savedState() -> [UInt8] {
    shared.withCore { core, _ in StateFile.write(core) }
  }

  // MARK: JSON-RPC in process

  /// Answers one JSON-RPC body, single or batch. Where a fault would break the connection the answer is empty;
  /// a transport that must tell those cases apart uses ``exchange(_:)``.
  public func handle(_ requestBody: [UInt8]) async -> [UInt8] {
    let reply = await exchange(requestBody)
    if case .answer(_, let body, _) = reply.outcome { return body }
    return []
  }

  /// Answers one JSON-RPC body and says what happens on the connection. Delays of faults have passed on return;
  /// they end early when the task is cancelled.
  public func exchange(_ requestBody: [UInt8], path: String = "/") async -> DevnetReply {
    var reply = answer(requestBody, path: path)
    while true {
      if reply.delayMilliseconds > 0 {
        do { try await Task.sleep(for: .milliseconds(reply.delayMilliseconds)) } catch { return reply }
      }
      guard let next = continuation(of: reply) else { return reply }
      reply = next
    }
  }

  /// The same without waiting: the caller performs the delay, and asks for the ``continuation(of:)`` after it.
  package func answer(_ requestBody: [UInt8], path: String = "/") -> DevnetReply {
    shared.withCore { core, wall in core.exchange(requestBody, path: path, wall: wall) }
  }

  /// What takes the place of a provisional reply when its delay has passed; `nil` for a final one.
  package func continuation(of reply: DevnetReply) -> DevnetReply? {
    guard let waiting = reply.waiting else { return nil }
    return shared.withCore { core, wall in core.resume(waiting, wall: wall) }
  }

  // MARK: Control

  /// The chain's clock, to be given to whatever shall live in the same time.
  public var clock: DevnetClock { DevnetClock(shared: shared) }
  /// Puts faults into this chain; see ``FaultRule``.
  public var faults: FaultControl { FaultControl(shared: shared) }

  /// Seals blocks: with what is pending, or empty.
  public func mine(_ blocks: Int = 1) {
    shared.withCore { core, wall in
      for _ in 0..<max(0, min(blocks, Int(DevnetCore.maximumMinedBlocks))) { core.seal(wall: wall) }
    }
  }

  /// Remembers chain, pool and clock. `nil` when there are too many snapshots already.
  public func snapshot() -> UInt64? {
    shared.withCore { core, _ in
      do throws(RPCFailure) { return try core.takeSnapshot() } catch { return nil }
    }
  }

  /// Goes back to a snapshot and forgets it and all later ones; `false` when it is not known.
  @discardableResult
  public func revert(to snapshot: UInt64) -> Bool {
    shared.withCore { core, _ in core.revert(to: snapshot) }
  }

  /// Back to genesis; faults, snapshots and the request log are gone.
  public func reset() {
    shared.withCore { core, _ in core.reset() }
  }

  /// How the fee payer at `/sponsor` behaves.
  public var sponsorPolicy: DevnetSponsorPolicy {
    get { shared.withCore { core, _ in core.sponsorPolicy } }
    set { shared.withCore { core, _ in core.sponsorPolicy = newValue } }
  }

  /// Takes the newest blocks back. Returns the transactions of the block that takes their place, if any.
  @discardableResult
  public func reorganise(depth: Int, _ mode: DevnetReorganisation) throws -> [Hash32] {
    let depth = UInt64(clamping: depth)
    return try shared.withCore { core, wall in
      Result { () throws(RPCFailure) in try core.reorganise(depth, mode, wall: wall) }
    }.get()
  }

  /// Sets a balance and moves the token's supply with it. Unknown tokens are left alone: `false`.
  @discardableResult
  public func setBalance(_ amount: Amount, of holder: Address, token: Address? = nil) -> Bool {
    shared.withCore { core, _ in
      do throws(RPCFailure) {
        try core.setBalance(UInt256(amount.units), token: token ?? Addresses.pathUSD, of: holder)
        return true
      } catch {
        return false
      }
    }
  }
}
