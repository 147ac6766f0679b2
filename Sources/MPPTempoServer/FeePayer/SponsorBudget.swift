public import EVM
public import MPPCore
public import MPPServer

/// What one sponsor has agreed to pay and may still be charged for, over all processes of one ledger
/// (`06` §1.11). Pure; every change is one durable transition.
public struct SponsorBudget: Sendable, Hashable {
  public private(set) var reservations: [SponsorReservation] = []

  public init() {}

  init(reservations: [SponsorReservation]) { self.reservations = reservations }

  public enum Change: Sendable, Hashable {
    case reserve(SponsorReservation, SponsorLimits, now: Timestamp)
    /// The signature leaves the sponsor now: from here on only the chain frees the reservation.
    case broadcast(Hash32, owner: UInt64)
    case pending(Hash32, owner: UInt64)
    /// Nothing was sent. What was sent before, perhaps, stays.
    case release(Hash32, owner: UInt64)
    /// A receipt was found, whoever asked for it.
    case confirmed(Hash32)
    /// Frees what cannot cost anything any more.
    case reconcile(now: Timestamp)
  }

  public enum Refusal: Error, Sendable, Hashable {
    /// The transaction alone costs more than everything together may.
    case tooExpensive
    /// Full at the moment; ask again when something was released.
    case full
    /// This payer has as many under way as it may.
    case payerFull
    /// The reservation ended or belongs to somebody else: nothing may be sent for it.
    case ownershipLost
  }

  public func applying(_ change: Change) throws(Refusal) -> SponsorBudget {
    var next = self
    switch change {
    case .reserve(let reservation, let limits, let now):
      next.removeEnded(now)
      try next.reserve(reservation, limits)
    case .broadcast(let transaction, let owner):
      try next.move(transaction, owner, to: .broadcasting)
    case .pending(let transaction, let owner):
      try next.move(transaction, owner, to: .pending)
    case .release(let transaction, let owner):
      next.reservations.removeAll {
        $0.transaction == transaction && $0.owner == owner && $0.phase == .prepared
      }
    case .confirmed(let transaction):
      next.reservations.removeAll { $0.transaction == transaction }
    case .reconcile(let now):
      next.removeEnded(now)
    }
    return next
  }

  private mutating func reserve(_ new: SponsorReservation, _ limits: SponsorLimits) throws(Refusal) {
    guard new.fee <= limits.maximumInFlightFee else { throw .tooExpensive }
    if let index = reservations.firstIndex(where: { $0.transaction == new.transaction }) {
      // The same transaction again, after its maker died or lost its answer: it costs once, and only the new maker goes on.
      let phase = reservations[index].phase
      reservations[index] = new
      reservations[index].phase = phase
      return
    }
    guard reservations.count < min(limits.maximumInFlight, Self.maximumReservations) else { throw .full }
    let ofPayer = reservations.count { $0.payer == new.payer }
    guard ofPayer < limits.maximumInFlightPerPayer else { throw .payerFull }
    var total = new.fee
    for reservation in reservations {
      let (sum, overflow) = total.addingReportingOverflow(reservation.fee)
      guard !overflow, sum <= limits.maximumInFlightFee else { throw .full }
      total = sum
    }
    reservations.append(new)
  }

  private mutating func move(
    _ transaction: Hash32, _ owner: UInt64, to phase: SponsorReservation.Phase
  ) throws(Refusal) {
    guard let index = reservations.firstIndex(where: { $0.transaction == transaction && $0.owner == owner }),
      reservations[index].phase.rawValue <= phase.rawValue
    else { throw .ownershipLost }
    reservations[index].phase = phase
  }

  /// What was signed stays until it can no longer be included: a lost answer is not a failure.
  private mutating func removeEnded(_ now: Timestamp) {
    reservations.removeAll { reservation in
      reservation.expires <= now || (reservation.phase == .prepared && reservation.leaseUntil <= now)
    }
  }
}

extension SponsorBudget: LedgerRecord {
  public static var kind: UInt8 { RecordKind.sponsorBudget }
  private static let schema: UInt8 = 1
  /// Above every sensible limit; bounds the record.
  public static let maximumReservations = 4096

  /// One budget for a sponsor on a chain.
  public static func key(chainID: UInt64, sponsor: Address) -> RecordKey {
    var bytes = (0..<8).map { UInt8(truncatingIfNeeded: chainID >> UInt64(56 - 8 * $0)) }
    bytes += sponsor.bytes
    return RecordKey(kind: kind, id: bytes)
  }

  public func encoded() throws -> [UInt8] {
    var writer = RecordWriter(schema: Self.schema, capacity: 16 + reservations.count * 86)
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
    return writer.finish()
  }

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
    try reader.finish()
  }
}
