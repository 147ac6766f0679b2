import EVM

/// The TIP-20 channel reserve, TIP-1034 (`02` §11). Checks stand in the order of `02` §11.5: the first that
/// fails is the revert a caller sees.
extension World {
  static let closeGracePeriod: UInt64 = 900

  func channel(_ id: Hash32) -> ReserveChannel { ReserveChannel(storage[.channel(id)]) }

  mutating func callReserve(_ input: Calldata, from caller: Address) throws(Revert) -> [UInt8] {
    if let answer = try readReserve(input) {
      charge(3_000)
      return answer
    }
    switch input.selector {
    case 0xedc5_3b00: return try open(input, from: caller)
    case 0x97fb_5104: try settle(input, from: caller)
    case 0xdc48_471e: try topUp(input, from: caller)
    case 0x73b5_7f74: try close(input, from: caller)
    case 0x6754_02e5: try requestClose(input, from: caller)
    case 0x41e2_c664: try withdraw(input, from: caller)
    default:
      charge(3_000)
      throw Revert.unknownFunction(input.selector)
    }
    return []
  }

  private func readReserve(_ input: Calldata) throws(Revert) -> [UInt8]? {
    switch input.selector {
    case 0xeef9_5313:  // getChannel(D)
      let descriptor = try ReserveDescriptor(input)
      return Words.encode(descriptor.words + channel(descriptor.channelID(chainID: chainID)).words)
    case 0xd18d_a8b1:  // getChannelState(bytes32)
      return Words.encode(channel(try input.word(0)).words)
    case 0xd1f4_cda2:  // getChannelStatesBatch(bytes32[])
      let states = try input.words(0, limit: 1_000).map { channel($0) }
      let head = [UInt256(32 as UInt64), UInt256(UInt64(states.count))]
      return Words.encode(head + states.flatMap(\.words))
    case 0x185e_eeac:  // computeChannelId(D's members)
      return try ReserveDescriptor(input).channelID(chainID: chainID).bytes
    case 0xf3b3_49e8:  // getVoucherDigest(bytes32,uint96)
      return voucherDigest(try input.word(0), try input.uint96(1)).bytes
    case 0xf698_da25: return reserveDomain.bytes
    case 0x956c_8327: return Words.encode(UInt256(Self.closeGracePeriod))
    case 0x9473_9e87: return ReserveDomain.voucherTypeHash.bytes
    case 0x4d65_338b: return Words.encode(storage[.storageCredits(try input.address(0))])
    default: return nil
    }
  }

  private func voucherDigest(_ id: Hash32, _ amount: UInt128) -> Hash32 {
    ReserveDomain.voucherDigest(domain: reserveDomain, channelID: id, cumulativeAmount: amount)
  }

  private mutating func open(_ input: Calldata, from caller: Address) throws(Revert) -> [UInt8] {
    charge(27_000)
    let descriptor = ReserveDescriptor(
      payer: caller, payee: try input.address(0), operator: try input.address(1), token: try input.address(2),
      salt: try input.word(4), authorizedSigner: try input.address(5), contextHash: context.contextHash)
    let deposit = try input.uint96(3)
    let token = descriptor.token
    guard !descriptor.payee.isZero, !descriptor.payee.hasTokenPrefix, descriptor.canBeServed else {
      throw Revert.invalidPayee
    }
    guard token.hasTokenPrefix, tokens[token] != nil else { throw Revert.invalidToken }
    guard deposit > 0 else { throw Revert.zeroDeposit }
    guard !context.contextHash.isZero else { throw Revert.expiringNonceHashNotSet }
    let id = descriptor.channelID(chainID: chainID)
    guard channel(id).deposit == 0, !opened.contains(id) else { throw Revert.channelAlreadyExists }
    try checkPayeePolicy(descriptor)
    try transfer(token, from: caller, to: Addresses.reserve, amount: UInt256(deposit))
    storage[.channel(id)] = ReserveChannel(deposit: deposit).packed
    opened.insert(id)
    payForChannelCell(of: caller)
    emit(
      Addresses.reserve, [Topic.channelOpened, id, caller.word, descriptor.payee.word],
      Words.encode(
        UInt256(descriptor.operator.word), UInt256(token.word), UInt256(descriptor.authorizedSigner.word),
        UInt256(descriptor.salt), UInt256(descriptor.contextHash), UInt256(deposit)))
    return id.bytes
  }

  /// A channel costs one storage cell, or one credit left from a closed channel.
  private mutating func payForChannelCell(of payer: Address) {
    let credits = storage[.storageCredits(payer)].uint64 ?? 0
    if credits > 0 {
      storage[.storageCredits(payer)] = UInt256(credits - 1)
    } else {
      charge(GasSchedule.newCell)
    }
  }

  private mutating func settle(_ input: Calldata, from caller: Address) throws(Revert) {
    charge(28_000)
    let descriptor = try ReserveDescriptor(input)
    let cumulative = try input.uint96(7)
    let signature = try input.byteString(8)
    let id = descriptor.channelID(chainID: chainID)
    var channel = try existing(id)
    guard descriptor.isPayeeOrOperator(caller) else { throw Revert.notPayeeOrOperator }
    guard cumulative <= channel.deposit else { throw Revert.amountExceedsDeposit }
    guard cumulative > channel.settled else { throw Revert.amountNotIncreasing }
    try checkVoucher(id, cumulative, signature, descriptor)
    try checkPayerPolicy(descriptor)
    let delta = cumulative - channel.settled
    channel.settled = cumulative
    storage[.channel(id)] = channel.packed
    try payOut(descriptor.token, to: descriptor.payee, delta)
    emitReserve(Topic.settled, id, descriptor, UInt256(cumulative), UInt256(delta), UInt256(cumulative))
  }

  private mutating func topUp(_ input: Calldata, from caller: Address) throws(Revert) {
    charge(25_000)
    let descriptor = try ReserveDescriptor(input)
    let additional = try input.uint96(7)
    let id = descriptor.channelID(chainID: chainID)
    var channel = try existing(id)
    guard caller == descriptor.payer else { throw Revert.notPayer }
    let cancels = channel.closeRequestedAt != 0
    guard additional > 0 || cancels else { return }
    // Both are below 2^96, so the sum fits.
    let deposit = channel.deposit + additional
    guard deposit <= ReserveChannel.maximumAmount else { throw Revert.depositOverflow }
    if additional > 0 {
      try checkPayeePolicy(descriptor)
      try transfer(descriptor.token, from: caller, to: Addresses.reserve, amount: UInt256(additional))
    }
    channel.deposit = deposit
    channel.closeRequestedAt = 0
    storage[.channel(id)] = channel.packed
    if cancels { emitReserve(Topic.closeRequestCancelled, id, descriptor) }
    emitReserve(Topic.topUp, id, descriptor, UInt256(additional), UInt256(deposit))
  }

  private mutating func requestClose(_ input: Calldata, from caller: Address) throws(Revert) {
    charge(8_000)
    let descriptor = try ReserveDescriptor(input)
    let id = descriptor.channelID(chainID: chainID)
    var channel = try existing(id)
    guard caller == descriptor.payer else { throw Revert.notPayer }
    guard channel.closeRequestedAt == 0 else { return }
    channel.closeRequestedAt = context.timestamp
    storage[.channel(id)] = channel.packed
    emitReserve(
      Topic.closeRequested, id, descriptor, UInt256(context.timestamp + Self.closeGracePeriod))
  }

  private mutating func close(_ input: Calldata, from caller: Address) throws(Revert) {
    charge(45_000)
    let descriptor = try ReserveDescriptor(input)
    let cumulative = try input.uint96(7)
    let capture = try input.uint96(8)
    let signature = try input.byteString(9)
    let id = descriptor.channelID(chainID: chainID)
    let channel = try existing(id)
    guard descriptor.isPayeeOrOperator(caller) else { throw Revert.notPayeeOrOperator }
    guard capture >= channel.settled, capture <= cumulative else { throw Revert.captureAmountInvalid }
    guard capture <= channel.deposit else { throw Revert.amountExceedsDeposit }
    if capture > channel.settled {
      try checkVoucher(id, cumulative, signature, descriptor)
      try checkPayerPolicy(descriptor)
    }
    try finish(
      id, descriptor, payee: capture - channel.settled, captured: capture, refund: channel.deposit - capture)
  }

  private mutating func withdraw(_ input: Calldata, from caller: Address) throws(Revert) {
    charge(30_000)
    let descriptor = try ReserveDescriptor(input)
    let id = descriptor.channelID(chainID: chainID)
    let channel = try existing(id)
    guard caller == descriptor.payer else { throw Revert.notPayer }
    guard channel.closeRequestedAt != 0,
      context.timestamp >= channel.closeRequestedAt + Self.closeGracePeriod
    else { throw Revert.closeNotReady }
    try finish(
      id, descriptor, payee: 0, captured: channel.settled, refund: channel.deposit - channel.settled)
  }

  /// Deletes the channel and pays both sides.
  private mutating func finish(
    _ id: Hash32, _ descriptor: ReserveDescriptor, payee: UInt128, captured: UInt128, refund: UInt128
  ) throws(Revert) {
    storage[.channel(id)] = 0
    let credits = storage[.storageCredits(descriptor.payer)].uint64 ?? 0
    storage[.storageCredits(descriptor.payer)] = UInt256(credits &+ 1)
    if payee > 0 { try payOut(descriptor.token, to: descriptor.payee, payee) }
    if refund > 0 { try payOut(descriptor.token, to: descriptor.payer, refund) }
    emitReserve(Topic.channelClosed, id, descriptor, UInt256(captured), UInt256(refund))
  }

  private mutating func payOut(_ token: Address, to recipient: Address, _ amount: UInt128) throws(Revert) {
    try transfer(token, from: Addresses.reserve, to: recipient, amount: UInt256(amount))
  }

  private func existing(_ id: Hash32) throws(Revert) -> ReserveChannel {
    let channel = channel(id)
    guard channel.deposit > 0 else { throw Revert.channelNotFound }
    return channel
  }

  private mutating func checkVoucher(
    _ id: Hash32, _ cumulative: UInt128, _ signature: [UInt8], _ descriptor: ReserveDescriptor
  ) throws(Revert) {
    if signature.count != 65 { charge(5_000) }
    let digest = voucherDigest(id, cumulative)
    guard SignatureRules.signerInCall(of: digest, signature: signature) == descriptor.signer else {
      throw Revert.invalidSignature
    }
  }

  /// Money that the payee could not be paid does not come in.
  private func checkPayeePolicy(_ descriptor: ReserveDescriptor) throws(Revert) {
    try checkRegistered(descriptor.payee)
    guard !policy(descriptor.token, descriptor.payee, has: PolicySwitch.blockRecipient) else {
      throw Revert.policyForbids
    }
  }

  private func checkPayerPolicy(_ descriptor: ReserveDescriptor) throws(Revert) {
    guard !policy(descriptor.token, descriptor.payer, has: PolicySwitch.blockSender) else {
      throw Revert.policyForbids
    }
  }

  private mutating func emitReserve(
    _ topic: Hash32, _ id: Hash32, _ descriptor: ReserveDescriptor, _ words: UInt256...
  ) {
    emit(
      Addresses.reserve, [topic, id, descriptor.payer.word, descriptor.payee.word], Words.encode(words))
  }
}
