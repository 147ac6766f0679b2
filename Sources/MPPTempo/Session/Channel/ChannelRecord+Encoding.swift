import EVM
import MPPCore
import Tempo

/// Why stored bytes are not a channel record.
public enum ChannelRecordError: Error, Sendable, Equatable {
  /// The bytes are not what was written.
  case damaged
  /// Written by a newer version of this package.
  case newerSchema(UInt8)
  /// Right checksum, wrong content.
  case invariant(ChannelInvariantViolation)
  /// The record breaks a rule and was not encoded.
  case unwritable(ChannelInvariantViolation)
}

// Stored form: schema number, fields in the order below, checksum. See `RecordWriter`.
extension ChannelRecord {
  /// Number of the layout below.
  public static let schema: UInt8 = 1

  /// - Throws: `ChannelRecordError.unwritable` when an invariant does not hold.
  public func encoded() throws(ChannelRecordError) -> [UInt8] {
    do throws(ChannelInvariantViolation) {
      try ChannelInvariants.check(self)
    } catch {
      throw .unwritable(error)
    }
    do throws(RecordError) {
      return try RecordWriter.write(schema: Self.schema, capacity: encodedLength) {
        writer throws(RecordError) in
        try write(to: &writer)
      }
    } catch {
      throw .unwritable(.amountRange)
    }
  }

  private func write(to writer: inout RecordWriter) throws(RecordError) {
    let descriptor = identity.descriptor
    writer.hash(channelID)
    writer.address(escrow)
    writer.address(descriptor.payer)
    writer.address(descriptor.payee)
    writer.address(descriptor.operator)
    writer.address(descriptor.token)
    writer.hash(descriptor.salt)
    writer.address(descriptor.authorizedSigner)
    writer.hash(descriptor.expiringNonceHash)
    writer.integer(chainID)
    writer.timestamp(createdAt)
    try writer.amount(deposit)
    try writer.amount(settled)
    writer.integer(closeRequestedAt)
    writer.integer(observedBlock)
    writer.flag(finalized)
    try writer.amount(loss)
    try writer.amount(spent)
    writer.integer(units)
    try writer.count(history.count)
    let vouchers = history.span
    for index in vouchers.indices { try writer.voucher(vouchers[index]) }
    try writer.count(holds.count)
    for hold in holds {
      writer.integer(hold.id.epoch)
      writer.integer(hold.id.sequence)
      try writer.amount(hold.amount)
      writer.timestamp(hold.expires)
    }
    try writer.optional(closing) { writer, lease throws(RecordError) in
      writer.integer(lease.owner)
      writer.timestamp(lease.expires)
      try writer.voucher(lease.voucher)
    }
    try writer.optional(lastSettlement) { writer, mark throws(RecordError) in
      writer.timestamp(mark.at)
      try writer.amount(mark.spent)
      writer.integer(mark.units)
    }
  }

  /// Bytes of the stored form.
  private var encodedLength: Int {
    // Everything but lists and what may be absent.
    var length = 317
    let vouchers = history.span
    for index in vouchers.indices { length += 14 + vouchers[index].signature.count }
    length += 36 * holds.count
    if let closing { length += 30 + closing.voucher.signature.count }
    if lastSettlement != nil { length += 28 }
    return length
  }

  /// Reads what ``encoded()`` wrote, strictly, and checks every invariant, the identity included.
  public init(decoding bytes: [UInt8]) throws(ChannelRecordError) {
    do throws(RecordError) {
      try self.init(fields: bytes)
    } catch {
      if case .newerSchema(let schema) = error { throw .newerSchema(schema) }
      throw .damaged
    }
    guard descriptor.channelID(escrow: escrow, chainID: chainID) == channelID else {
      throw .invariant(.identity)
    }
    do throws(ChannelInvariantViolation) {
      try ChannelInvariants.check(self)
    } catch {
      throw .invariant(error)
    }
  }

  private init(fields bytes: [UInt8]) throws(RecordError) {
    var reader = try RecordReader(bytes, newest: Self.schema)
    let channel = try reader.hash()
    let escrow = try reader.address()
    let descriptor = ChannelDescriptor(
      payer: try reader.address(), payee: try reader.address(), operator: try reader.address(),
      token: try reader.address(), salt: try reader.hash(), authorizedSigner: try reader.address(),
      expiringNonceHash: try reader.hash())
    identity = ChannelIdentity(
      channelID: channel, chainID: try reader.integer(), escrow: escrow, descriptor: descriptor,
      createdAt: try reader.timestamp())
    deposit = try reader.amount()
    settled = try reader.amount()
    closeRequestedAt = try reader.integer()
    observedBlock = try reader.integer()
    finalized = try reader.flag()
    loss = try reader.amount()
    spent = try reader.amount()
    units = try reader.integer()
    history = []
    for _ in 0..<(try reader.count(maximum: Self.historyLimit)) {
      history.append(try reader.voucher(of: channel))
    }
    holds = []
    var sum: UInt128 = 0
    for _ in 0..<(try reader.count(maximum: Self.holdLimit)) {
      let id = HoldID(epoch: try reader.integer(), sequence: try reader.integer())
      let amount = try reader.amount()
      holds.append(Hold(id: id, amount: amount, expires: try reader.timestamp()))
      sum += amount.units
    }
    held = Amount(units: sum)
    closing = try reader.optional { reader throws(RecordError) in
      CloseLease(
        owner: try reader.integer(), expires: try reader.timestamp(),
        voucher: try reader.voucher(of: channel))
    }
    lastSettlement = try reader.optional { reader throws(RecordError) in
      SettlementMark(at: try reader.timestamp(), spent: try reader.amount(), units: try reader.integer())
    }
    try reader.finish()
  }
}

extension RecordWriter {
  fileprivate mutating func voucher(_ voucher: borrowing SignedVoucher) throws(RecordError) {
    try amount(voucher.cumulativeAmount)
    try variable(voucher.signature)
  }
}

extension RecordReader {
  fileprivate mutating func voucher(of channel: Hash32) throws(RecordError) -> SignedVoucher {
    SignedVoucher(
      channelID: channel, cumulativeAmount: try amount(),
      signature: try variable(maximum: SignedVoucher.maximumSignatureLength))
  }
}
