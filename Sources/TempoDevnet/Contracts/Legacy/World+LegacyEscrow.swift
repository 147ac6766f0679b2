import EVM

/// The stream contract of v1 sessions (`02` §12), done natively: same checks, same order, same events. An unknown
/// selector reverts without data, as compiled contracts do.
extension World {
  mutating func callLegacyEscrow(
    _ escrow: Address, _ data: [UInt8], from caller: Address
  ) throws(Revert) -> [UInt8] {
    guard let input = Calldata(data) else { throw Revert.empty }
    if let answer = try readLegacy(escrow, input) {
      charge(3_000)
      return answer
    }
    var call = LegacyCall(escrow: escrow, caller: caller, input: input)
    switch input.selector {
    case 0xc79e_a485: return try legacyOpen(call)
    case 0x516d_3b88: try legacySettle(&call)
    case 0xb676_44b9: try legacyTopUp(&call)
    case 0x6bf5_fe6f: try legacyRequestClose(&call)
    case 0x0d65_c51d: try legacyClose(&call)
    case 0x8e19_899e: try legacyWithdraw(&call)
    default:
      charge(3_000)
      throw Revert.empty
    }
    return []
  }

  struct LegacyCall {
    let escrow: Address
    let caller: Address
    let input: Calldata
    var id = Hash32.zero
    var channel = LegacyChannelRecord()
  }

  func legacyChannel(_ escrow: Address, _ id: Hash32) -> LegacyChannelRecord {
    LegacyChannelRecord(
      words: (0..<5).map { storage[.legacyChannel(escrow: escrow, id: id, word: UInt8($0))] })
  }

  private mutating func store(_ channel: LegacyChannelRecord, _ escrow: Address, _ id: Hash32) {
    for (index, word) in channel.words.enumerated() {
      storage[.legacyChannel(escrow: escrow, id: id, word: UInt8(index))] = word
    }
  }

  /// The channel of a call that changes one: it exists, is not final, and the caller is the side it must be.
  private func load(_ call: inout LegacyCall, payer isPayer: Bool) throws(Revert) {
    call.id = try call.input.word(0)
    call.channel = legacyChannel(call.escrow, call.id)
    guard !call.channel.isFinalized else { throw Revert.channelFinalized }
    guard !call.channel.payer.isZero else { throw Revert.channelNotFound }
    if isPayer {
      guard call.caller == call.channel.payer else { throw Revert.notPayer }
    } else {
      guard call.caller == call.channel.payee else { throw Revert.notPayee }
    }
  }

  // MARK: Changes

  private mutating func legacyOpen(_ call: LegacyCall) throws(Revert) -> [UInt8] {
    charge(60_000)
    var channel = LegacyChannelRecord()
    channel.payer = call.caller
    channel.payee = try call.input.address(0)
    channel.token = try call.input.address(1)
    channel.deposit = try call.input.uint128(2)
    let salt = try call.input.word(3)
    channel.authorizedSigner = try call.input.address(4)
    guard !channel.payee.isZero else { throw Revert.invalidPayee }
    guard channel.token.hasTokenPrefix, tokens[channel.token] != nil else { throw Revert.invalidToken }
    guard channel.deposit > 0 else { throw Revert.zeroDeposit }
    let id = legacyID(call.escrow, channel, salt)
    let present = legacyChannel(call.escrow, id)
    guard present.payer.isZero, !present.isFinalized else { throw Revert.channelAlreadyExists }
    try pull(channel.deposit, channel.token, from: call.caller, to: call.escrow)
    store(channel, call.escrow, id)
    charge(GasSchedule.newCell * (channel.authorizedSigner.isZero ? 4 : 5))
    emit(
      call.escrow, [Topic.legacyOpened, id, channel.payer.word, channel.payee.word],
      Words.encode(
        UInt256(channel.token.word), UInt256(channel.authorizedSigner.word), UInt256(salt),
        UInt256(channel.deposit)))
    return id.bytes
  }

  private mutating func legacySettle(_ call: inout LegacyCall) throws(Revert) {
    charge(40_000)
    let cumulative = try call.input.uint128(1)
    let signature = try call.input.byteString(2)
    try load(&call, payer: false)
    guard cumulative <= call.channel.deposit else { throw Revert.amountExceedsDeposit }
    guard cumulative > call.channel.settled else { throw Revert.amountNotIncreasing }
    try checkLegacyVoucher(call, cumulative, signature)
    let delta = cumulative - call.channel.settled
    call.channel.settled = cumulative
    store(call.channel, call.escrow, call.id)
    try payOut(delta, call, to: call.channel.payee)
    emitLegacy(Topic.legacySettled, call, UInt256(cumulative), UInt256(delta), UInt256(cumulative))
  }

  private mutating func legacyTopUp(_ call: inout LegacyCall) throws(Revert) {
    charge(40_000)
    let additional = try call.input.uint256(1)
    try load(&call, payer: true)
    guard !additional.isZero else { throw Revert.zeroDeposit }
    guard let units = additional.uint128 else { throw Revert.depositOverflow }
    let (deposit, overflow) = call.channel.deposit.addingReportingOverflow(units)
    guard !overflow else { throw Revert.depositOverflow }
    try pull(units, call.channel.token, from: call.caller, to: call.escrow)
    let cancels = call.channel.closeRequestedAt != 0
    call.channel.deposit = deposit
    call.channel.closeRequestedAt = 0
    store(call.channel, call.escrow, call.id)
    if cancels { emitLegacy(Topic.closeRequestCancelled, call) }
    emitLegacy(Topic.legacyTopUp, call, additional, UInt256(deposit))
  }

  private mutating func legacyRequestClose(_ call: inout LegacyCall) throws(Revert) {
    charge(10_000)
    try load(&call, payer: true)
    guard call.channel.closeRequestedAt == 0 else { return }
    call.channel.closeRequestedAt = context.timestamp
    store(call.channel, call.escrow, call.id)
    emitLegacy(Topic.closeRequested, call, UInt256(context.timestamp + Self.closeGracePeriod))
  }

  /// Below what is settled no signature is looked at, and nothing more is paid.
  private mutating func legacyClose(_ call: inout LegacyCall) throws(Revert) {
    charge(60_000)
    let cumulative = try call.input.uint128(1)
    let signature = try call.input.byteString(2)
    try load(&call, payer: false)
    let captured = max(cumulative, call.channel.settled)
    if cumulative > call.channel.settled {
      guard cumulative <= call.channel.deposit else { throw Revert.amountExceedsDeposit }
      try checkLegacyVoucher(call, cumulative, signature)
    }
    let refund = call.channel.deposit - captured
    store(.tombstone, call.escrow, call.id)
    try payOut(captured - call.channel.settled, call, to: call.channel.payee)
    try payOut(refund, call, to: call.channel.payer)
    emitLegacy(Topic.legacyClosed, call, UInt256(captured), UInt256(refund))
  }

  private mutating func legacyWithdraw(_ call: inout LegacyCall) throws(Revert) {
    charge(45_000)
    try load(&call, payer: true)
    let requested = call.channel.closeRequestedAt
    guard requested != 0, context.timestamp >= requested + Self.closeGracePeriod else {
      throw Revert.closeNotReady
    }
    let refund = call.channel.deposit - call.channel.settled
    store(.tombstone, call.escrow, call.id)
    try payOut(refund, call, to: call.channel.payer)
    emitLegacy(Topic.legacyExpired, call)
    emitLegacy(Topic.legacyClosed, call, UInt256(call.channel.settled), UInt256(refund))
  }

  // MARK: Money, logs

  private mutating func pull(
    _ units: UInt128, _ token: Address, from payer: Address, to escrow: Address
  ) throws(Revert) {
    try transferFrom(token, spender: escrow, owner: payer, to: escrow, amount: UInt256(units))
  }

  private mutating func payOut(_ units: UInt128, _ call: LegacyCall, to side: Address) throws(Revert) {
    guard units > 0 else { return }
    try transfer(call.channel.token, from: call.escrow, to: side, amount: UInt256(units))
  }

  private mutating func emitLegacy(_ topic: Hash32, _ call: LegacyCall, _ words: UInt256...) {
    emit(
      call.escrow, [topic, call.id, call.channel.payer.word, call.channel.payee.word],
      Words.encode(words))
  }
}
