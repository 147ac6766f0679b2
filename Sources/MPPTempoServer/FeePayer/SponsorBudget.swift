public import EVM
public import MPPCore
public import MPPServer

/// What one sponsor has agreed to pay and may still be charged for, over all processes of one ledger
/// (`06` §1.11). Pure; every change is one durable transition.
public struct SponsorBudget: Sendable, Hashable {
  /// Fees that may still be charged, at most ``maximumReservations``.
  public private(set) var reservations: [SponsorReservation] = []
  /// What was signed for each payer of the last 24 hours, in order of their first, at most ``maximumPayers``.
  public private(set) var spendings: [SponsorSpending] = []

  /// Nothing is agreed to yet.
  public init() {}

  /// What happens to a reservation; hashes are those of ``SponsorReservation/transaction``.
  public enum Change: Sendable, Hashable {
    /// Sets the fee aside if the limits allow it. The same transaction again costs once, and passes to the
    /// new owner.
    case reserve(SponsorReservation, SponsorLimits, now: Timestamp)
    /// The signature leaves the sponsor next: from here on only the chain frees the reservation.
    case broadcast(Hash32, owner: UInt64, now: Timestamp)
    /// Nothing was sent. What was sent before, perhaps, stays.
    case release(Hash32, owner: UInt64)
    /// The chain has decided, whoever asked it.
    case confirmed(Hash32)
  }

  /// Why a change is not made. Nothing was signed or sent for it.
  public enum Refusal: Error, Sendable, Hashable {
    /// The transaction alone costs more than everything together may.
    case tooExpensive
    /// Full at the moment; ask again when something was released.
    case full
    /// This payer has as many under way as it may, or they cost as much as they may.
    case payerFull
    /// This payer has had as much of a day's fees as it may.
    case payerSpent
    /// The reservation ended or belongs to somebody else: nothing may be sent for it.
    case ownershipLost
  }

  /// The budget after `change`. What has ended by `now` is dropped when something is reserved.
  ///
  /// - Throws: ``Refusal``; releasing or confirming what is not there is no error.
  public func applying(_ change: Change) throws(Refusal) -> SponsorBudget {
    var next = self
    switch change {
    case .reserve(let reservation, let limits, let now):
      next.removeEnded(now)
      try next.reserve(reservation, limits)
    case .broadcast(let transaction, let owner, let now):
      guard
        let index = reservations.firstIndex(where: { $0.transaction == transaction && $0.owner == owner })
      else { throw .ownershipLost }
      // What was signed before is counted already, whoever goes on with it.
      if reservations[index].phase == .prepared { next.count(reservations[index], now) }
      next.reservations[index].phase = .broadcasting
    case .release(let transaction, let owner):
      next.reservations.removeAll {
        $0.transaction == transaction && $0.owner == owner && $0.phase == .prepared
      }
    case .confirmed(let transaction):
      next.reservations.removeAll { $0.transaction == transaction }
    }
    return next
  }

  private mutating func reserve(_ new: SponsorReservation, _ limits: SponsorLimits) throws(Refusal) {
    guard new.fee <= min(limits.maximumInFlightFee, limits.maximumInFlightFeePerPayer) else {
      throw .tooExpensive
    }
    if let index = reservations.firstIndex(where: { $0.transaction == new.transaction }) {
      // The same transaction again, after its maker died or lost its answer: it costs once, and only the new maker goes on.
      let phase = reservations[index].phase
      reservations[index] = new
      reservations[index].phase = phase
      return
    }
    guard reservations.count < min(limits.maximumInFlight, Self.maximumReservations) else { throw .full }
    let ofPayer = reservations.filter { $0.payer == new.payer }
    guard ofPayer.count < limits.maximumInFlightPerPayer,
      Self.fits(new.fee, ofPayer, limits.maximumInFlightFeePerPayer)
    else { throw .payerFull }
    let (known, overflow) = new.fee.addingReportingOverflow(
      spendings.first { $0.payer == new.payer }?.fee ?? 0)
    guard !overflow,
      Self.fits(known, ofPayer.filter { $0.phase == .prepared }, limits.maximumFeePerPayerPerDay)
    else { throw .payerSpent }
    guard Self.fits(new.fee, reservations, limits.maximumInFlightFee) else { throw .full }
    reservations.append(new)
  }

  /// It may be charged from now on. When there are too many payers the one that began first is forgotten.
  private mutating func count(_ reservation: SponsorReservation, _ now: Timestamp) {
    if let index = spendings.firstIndex(where: { $0.payer == reservation.payer }) {
      let (sum, overflow) = spendings[index].fee.addingReportingOverflow(reservation.fee)
      spendings[index].fee = overflow ? .max : sum
      return
    }
    if spendings.count >= Self.maximumPayers { spendings.removeFirst() }
    spendings.append(SponsorSpending(payer: reservation.payer, since: now, fee: reservation.fee))
  }

  private static func fits(_ fee: UInt64, _ reservations: [SponsorReservation], _ limit: UInt64) -> Bool {
    var total = fee
    for reservation in reservations {
      let (sum, overflow) = total.addingReportingOverflow(reservation.fee)
      guard !overflow else { return false }
      total = sum
    }
    return total <= limit
  }

  /// What was signed stays until it can no longer be included: a lost answer is not a failure.
  private mutating func removeEnded(_ now: Timestamp) {
    reservations.removeAll { reservation in
      reservation.expires <= now || (reservation.phase == .prepared && reservation.leaseUntil <= now)
    }
    // One from the future was made by a clock that was wrong.
    spendings.removeAll {
      $0.since.adding(seconds: Self.day) <= now || $0.since > now.adding(seconds: Self.day)
    }
  }
}

extension SponsorBudget: LedgerRecord {
  /// What sponsors have agreed to pay: ``RecordKind/sponsorBudget``.
  public static var kind: UInt8 { RecordKind.sponsorBudget }
  /// 1: without spendings.
  private static let schema: UInt8 = 2
  /// Seconds.
  private static let day: Int64 = 86_400
  /// Above every sensible limit; bounds the record.
  public static let maximumReservations = 4096
  /// Payers whose fees are counted; bounds the record.
  public static let maximumPayers = 1024

  /// One budget for a sponsor on a chain.
  public static func key(chainID: UInt64, sponsor: Address) -> RecordKey {
    var bytes = (0..<8).map { UInt8(truncatingIfNeeded: chainID >> UInt64(56 - 8 * $0)) }
    bytes += sponsor.bytes
    return RecordKey(kind: kind, id: bytes)
  }

  /// - Throws: when there are more reservations than a record may count.
  public func encoded() throws -> [UInt8] {
    var writer = RecordWriter(
      schema: Self.schema, capacity: 24 + reservations.count * 86 + spendings.count * 36)
    try writer.count(reservations.count)
    for reservation in reservations {
      writer.append { bytes in
        reservation.transaction.append(to: &bytes)
        reservation.payer.append(to: &bytes)
      }
      writer.integer(reservation.fee)
      writer.timestamp(reservation.expires)
      writer.integer(reservation.owner)
      writer.timestamp(reservation.leaseUntil)
      writer.byte(reservation.phase.rawValue)
    }
    try writer.count(spendings.count)
    for spending in spendings {
      writer.fixed(spending.payer.bytes)
      writer.timestamp(spending.since)
      writer.integer(spending.fee)
    }
    return writer.finish()
  }

  /// - Throws: for bytes that are damaged, of a newer schema, or hold more than ``maximumReservations`` or ``maximumPayers``.
  public init(decoding bytes: [UInt8]) throws {
    var reader = try RecordReader(bytes, newest: Self.schema)
    for _ in 0..<(try reader.count(maximum: Self.maximumReservations)) {
      let transaction = try Hash32(try reader.fixed(32))
      let payer = try Address(try reader.fixed(20))
      let fee: UInt64 = try reader.integer()
      let expires = try reader.timestamp()
      let owner: UInt64 = try reader.integer()
      let lease = try reader.timestamp()
      guard let phase = SponsorReservation.Phase(rawValue: try reader.byte()) else { throw RecordError.range }
      reservations.append(
        SponsorReservation(
          transaction: transaction, payer: payer, fee: fee, expires: expires, owner: owner, leaseUntil: lease,
          phase: phase))
    }
    if reader.schema >= 2 {
      for _ in 0..<(try reader.count(maximum: Self.maximumPayers)) {
        let payer = try Address(try reader.fixed(20))
        let since = try reader.timestamp()
        spendings.append(SponsorSpending(payer: payer, since: since, fee: try reader.integer()))
      }
    }
    try reader.finish()
  }
}
