public import EVM
public import MPPCore

/// One on-chain payment and what became of it: the replay protection and the redelivery of a charge (`06` §1.12, §1.16).
///
/// Named by the hash of the transaction that pays. It is never deleted while that transaction could be presented again.
public struct ChargeRecord: Sendable, Hashable {
  /// Deliveries one payment may be tried for: the first, and one more when its handler failed or the process died.
  public static let maximumDeliveries: UInt8 = 2

  /// The transaction that pays, in its final form.
  public let transaction: Hash32
  /// The challenge it was presented with; later presentations must name the same.
  public let challengeID: String
  /// Who paid.
  public let payer: Address
  /// SHA-256 of what was asked for: route, method, path and body. A redelivery is for the same request only.
  public let request: Hash32
  /// When the record was made, on the server's clock.
  public let createdAt: Timestamp
  /// Seconds on the chain's clock; nil for a payment that was mined when it was presented.
  public let validBefore: UInt64?
  /// How far the payment and its delivery have come; changed by ``applying(_:)`` alone.
  public private(set) var phase: ChargePhase
  /// Deliveries begun; the number of the one under way.
  public private(set) var deliveries: UInt8 = 0
  /// The `Payment-Receipt` value; empty until the payment is settled.
  public private(set) var receipt = ""

  /// A transaction that is about to be sent, or was found on the chain.
  public init(
    transaction: Hash32, challengeID: String, payer: Address, request: Hash32, createdAt: Timestamp,
    validBefore: UInt64?
  ) {
    self.transaction = transaction
    self.challengeID = challengeID
    self.payer = payer
    self.request = request
    self.createdAt = createdAt
    self.validBefore = validBefore
    phase = .broadcasting
  }

  init(
    transaction: Hash32, challengeID: String, payer: Address, request: Hash32, createdAt: Timestamp,
    validBefore: UInt64?, phase: ChargePhase, deliveries: UInt8, receipt: String
  ) {
    self.transaction = transaction
    self.challengeID = challengeID
    self.payer = payer
    self.request = request
    self.createdAt = createdAt
    self.validBefore = validBefore
    self.phase = phase
    self.deliveries = deliveries
    self.receipt = receipt
  }

  /// The record after `transition`. Pure.
  public func applying(_ transition: ChargeTransition) throws(ChargeTransitionError) -> ChargeRecord {
    var next = self
    try next.apply(transition)
    return next
  }

  private mutating func apply(_ transition: ChargeTransition) throws(ChargeTransitionError) {
    switch (transition, phase) {
    case (.settle(let text), .broadcasting):
      receipt = text
      phase = .settled
    case (.settle, .settled), (.settle, .delivering), (.settle, .delivered):
      break
    case (.void, .broadcasting), (.void, .void):
      phase = .void
    case (.deliver(let now, let lease), _):
      try deliver(now, lease)
    case (.delivered, .delivering):
      phase = .delivered
    case (.renew(let delivery, let lease), .delivering(let until)) where delivery == deliveries:
      phase = .delivering(leaseUntil: max(until, lease))
    case (.failed(let delivery), .delivering) where delivery == deliveries:
      phase = deliveries < Self.maximumDeliveries ? .settled : .delivered
    case (.delivered, .delivered), (.failed, .settled), (.failed, .delivering), (.failed, .delivered):
      // The end of a delivery that was taken for dead is not that of the next one.
      break
    case (.settle, _), (.void, _), (.renew, _), (.delivered, _), (.failed, _):
      throw phase == .void ? .void : .notAllowed
    }
  }

  /// Begins a delivery if one is left and none is under way.
  private mutating func deliver(_ now: Timestamp, _ lease: Timestamp) throws(ChargeTransitionError) {
    switch phase {
    case .settled: break
    case .delivering(let until):
      guard until <= now else { throw .inProgress }
    case .broadcasting: throw .inProgress
    case .delivered: throw .alreadyUsed
    case .void: throw .void
    }
    guard deliveries < Self.maximumDeliveries else { throw .alreadyUsed }
    deliveries += 1
    phase = .delivering(leaseUntil: lease)
  }
}

/// Everything that can happen to a ``ChargeRecord``.
public enum ChargeTransition: Sendable, Hashable {
  /// It is on the chain and pays what was asked.
  case settle(receipt: String)
  /// It is proved that it will never pay.
  case void
  /// A handler begins.
  case deliver(now: Timestamp, leaseUntil: Timestamp)
  /// Delivery number `delivery` goes on.
  case renew(delivery: UInt8, leaseUntil: Timestamp)
  /// The answer was handed over, by whichever delivery.
  case delivered
  /// The handler of delivery number `delivery` failed before it delivered anything.
  case failed(delivery: UInt8)
}

/// Why a ``ChargeTransition`` was refused.
public enum ChargeTransitionError: Error, Sendable, Hashable {
  /// Somebody else is at it; ask again later.
  case inProgress
  /// The payment has bought what it can buy.
  case alreadyUsed
  /// The transaction never paid.
  case void
  /// A defect of the caller.
  case notAllowed
}
