import MPPCore
import Testing

@testable import MPPTempo

private typealias Fixture = ChannelRecordFixture

@Suite struct ChannelRecordEncodingTests {
  /// SplitMix64: the same walk at every run.
  struct Walk: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }

    mutating func transition(_ record: ChannelRecord, _ step: UInt64) -> ChannelTransition {
      let units = Int(next() % 1200)
      let hold = record.holds.randomElement(using: &self)?.id ?? Fixture.id(step)
      let accepted = Int(record.accepted.units)
      switch next() % 40 {
      case 0..<8: return .acceptVoucher(Fixture.acceptance(accepted + units % 20, comparedWith: accepted))
      case 8..<18:
        return .acceptAndHold(
          Fixture.acceptance(accepted + units % 15, comparedWith: accepted),
          Fixture.hold(step, 1 + units % 9, epoch: next() % 3))
      case 18..<22: return .hold(Fixture.hold(step, 1 + units % 5))
      case 22..<30: return .commit(hold)
      case 30: return .release(hold)
      case 31: return .releaseAll(exceptEpoch: next() % 3)
      case 32, 33:
        return .mergeChainState(
          Fixture.observation(
            deposit: 1000 + units, settled: units / 10, closing: UInt32(next() % 2), block: 10 + step))
      case 34:
        return .settled(
          total: record.settleableVoucher?.cumulativeAmount ?? .zero,
          mark: SettlementMark(at: Fixture.now, spent: record.spent, units: record.units), block: 10 + step)
      case 35: return .beginClose(Fixture.attempt(accepted + units % 3, owner: next() % 2))
      case 36, 37: return .abortClose(owner: next() % 2)
      case 38: return .open(Fixture.opening(voucher: units))
      default:
        return step % 50 == 0
          ? .withdrawn(block: 10 + step)
          : .mergeChainState(
            Fixture.observation(deposit: 1000, block: 10 + step))
      }
    }
  }

  @Test(arguments: 0..<40)
  func everyReachableRecordComesBack(_ seed: Int) throws {
    var walk = Walk(state: UInt64(seed))
    var record = try ChannelRecord.applying(.open(Fixture.opening()), to: nil)
    var applied = 0
    for step in UInt64(1)...250 {
      do throws(ChannelTransitionError) {
        record = try record.applying(walk.transition(record, step))
        applied += 1
      } catch {
        if case .invariant(let violation) = error { Issue.record("\(violation) at step \(step)") }
      }
      let bytes = try record.encoded()
      #expect(try ChannelRecord(decoding: bytes) == record)
    }
    #expect(applied > 20)
  }

  @Test(arguments: ChannelPhase.allCases)
  func everyDamagedByteIsNoticed(_ phase: ChannelPhase) throws {
    let bytes = try Fixture.record(phase).encoded()
    for index in bytes.indices {
      for flip: UInt8 in [1, 0x80, 0xFF] {
        var damaged = bytes
        damaged[index] ^= flip
        #expect(throws: ChannelRecordError.damaged) { try ChannelRecord(decoding: damaged) }
      }
    }
    for length in 0..<bytes.count {
      #expect(throws: ChannelRecordError.damaged) { try ChannelRecord(decoding: Array(bytes.prefix(length))) }
    }
    #expect(throws: ChannelRecordError.damaged) { try ChannelRecord(decoding: bytes + [0]) }
  }

  /// Right checksum, wrong content.
  private func resealed(_ bytes: [UInt8], _ change: (inout [UInt8]) -> Void) -> [UInt8] {
    var content = Array(bytes.dropLast(RecordChecksum.length))
    change(&content)
    let sum = RecordChecksum.of(content[...])
    return content + stride(from: UInt64(56), through: 0, by: -8).map { UInt8(truncatingIfNeeded: sum >> $0) }
  }

  @Test func aNewerSchemaIsSaidSo() throws {
    let bytes = resealed(try Fixture.record().encoded()) { $0[0] = 2 }
    #expect(throws: ChannelRecordError.newerSchema(2)) { try ChannelRecord(decoding: bytes) }
    let zero = resealed(try Fixture.record().encoded()) { $0[0] = 0 }
    #expect(throws: ChannelRecordError.damaged) { try ChannelRecord(decoding: zero) }
  }

  @Test func aForeignIdentityOrABrokenRuleIsRefused() throws {
    let bytes = try Fixture.record().encoded()
    let foreign = resealed(bytes) { $0[1] ^= 1 }
    #expect(throws: ChannelRecordError.invariant(.identity)) { try ChannelRecord(decoding: foreign) }
    let trailing = resealed(bytes) { $0.append(0) }
    #expect(throws: ChannelRecordError.damaged) { try ChannelRecord(decoding: trailing) }
    let short = resealed(bytes) { $0.removeLast() }
    #expect(throws: ChannelRecordError.damaged) { try ChannelRecord(decoding: short) }
    // Deposit, behind identity (1 + 32 + 20 + 80 + 32 + 20 + 32), chain id and creation time.
    let poor = resealed(bytes) { bytes in for index in 233..<245 { bytes[index] = 0 } }
    #expect(throws: ChannelRecordError.invariant(.finality)) { try ChannelRecord(decoding: poor) }
  }
}
