import EVM
import MPPCore
import Tempo
import Testing

@testable import TempoDevnet

/// `03` §5: what must hold after every transaction, and that a breach is noticed.
@Suite struct Books {
  private func broken(_ change: (inout World) -> Void) async throws -> [String] {
    let h = try Harness()
    let (_, _) = try await ChannelScene.opened(h)
    return h.devnet.shared.withCore { core, _ in
      var world = core.chain.world
      let start = world.storage.checkpoint
      change(&world)
      return world.violations(since: start) + world.audit()
    }
  }

  private func channel(_ world: World) -> (Slot, ReserveChannel)? {
    for (slot, value) in world.storage.cells {
      if case .channel = slot { return (slot, ReserveChannel(value)) }
    }
    return nil
  }

  @Test func everyTokenUnitIsAccountedFor() async throws {
    let h = try Harness()
    let (scene, _) = try await ChannelScene.opened(h)
    try await scene.settle(2_500_000)
    try await scene.topUp(5_000_000)
    try await scene.close(4_000_000, capture: 3_000_000)
    #expect(h.devnet.audit() == [])
    let sum = h.devnet.balances().values.reduce(0 as UInt128) { $0 + $1.units }
    #expect(sum == h.devnet.totalSupply().units)
    #expect(sum == 42 * Harness.initial)
  }

  @Test func honestMovesAreFine() async throws {
    #expect(
      try await broken { world in
        try? world.move(Addresses.pathUSD, from: Addresses.dex, to: Addresses.keychain, amount: 5)
      } == [])
  }

  @Test func moneyFromNowhereIsNoticed() async throws {
    let found = try await broken {
      $0.storage[.balance(token: Addresses.pathUSD, holder: Addresses.keychain)] = 5
    }
    #expect(found.count == 2)
  }

  @Test func aChannelThatOwesMoreThanCameInIsNoticed() async throws {
    let found = try await broken { world in
      guard let (slot, value) = channel(world) else { return }
      var changed = value
      changed.deposit += 1
      world.storage[slot] = changed.packed
    }
    #expect(found.count == 2)
  }

  @Test func aChannelSettledAboveItsDepositIsNoticed() async throws {
    let found = try await broken { world in
      guard let (slot, value) = channel(world) else { return }
      var changed = value
      changed.settled = changed.deposit + 1
      world.storage[slot] = changed.packed
    }
    #expect(found.contains { $0.contains("settled above its deposit") })
  }

  @Test func aKeyWithMoreThanItsLimitIsNoticed() async throws {
    let found = try await broken { world in
      world.store(
        KeyAllowance(remaining: 6, maximum: 5, period: 0, periodEnd: 0), Addresses.dex, Addresses.keychain,
        Addresses.pathUSD)
    }
    #expect(found.contains { $0.contains("more left than its limit") })
  }
}
