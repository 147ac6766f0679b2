import HTTPTypes
public import MPPCore
public import MPPServer
import Synchronization

/// A payment method without a chain: the payload says what shall happen, and everything is counted.
///
/// Payloads: `{"do": "pay" | "payAndLose" | "payWithoutHold" | "manage" | "deny" | "refuse" | "crash" | "store" |
/// "cancel" | "contradict" | "unavailable" | "storeFull" | "storeDamaged"}`.
public final class FakeMethod: ServerMethod {
  public struct Counts: Sendable, Equatable {
    public var verified = 0
    public var held = 0
    public var committed = 0
    public var released = 0
    public var hints = 0

    public init(verified: Int = 0, held: Int = 0, committed: Int = 0, released: Int = 0) {
      self.verified = verified
      self.held = held
      self.committed = committed
      self.released = released
    }
  }

  public let key: MethodKey
  let tally = Tally()
  public var validator: Validator { Validator(tally: tally) }
  private let lastEvidence = Mutex<(any Sendable)?>(nil)
  /// Added to fresh challenges when set.
  private let hint: (@Sendable (ChallengeContext) -> JSONValue?)?
  /// Holds cannot be resolved without suspending, as when a record is not in memory.
  private let needsSuspension: Bool
  public let isOneTime: Bool
  private let onStart: @Sendable () async throws -> Void
  private let onRun: @Sendable () async throws -> Void

  public init(
    key: MethodKey = MethodKey(name: "tempo", intent: "session", version: "v2"),
    hint: (@Sendable (ChallengeContext) -> JSONValue?)? = nil, needsSuspension: Bool = false,
    isOneTime: Bool = false, onStart: @escaping @Sendable () async throws -> Void = {},
    onRun: @escaping @Sendable () async throws -> Void = {}
  ) {
    self.onStart = onStart
    self.onRun = onRun
    self.key = key
    self.hint = hint
    self.needsSuspension = needsSuspension
    self.isOneTime = isOneTime
  }

  public var counts: Counts { tally.counts.withLock { $0 } }
  /// Credentials that money was to be moved for.
  public var settled: Int { tally.settled.withLock { $0 } }
  /// What was to be written down of refused credentials.
  public var kept: [String] { tally.kept.withLock { $0 } }
  public var evidence: (any Sendable)? { lastEvidence.withLock { $0 } }

  public func prepare(_ offer: Offer, amount: OfferAmount) throws -> PreparedOffer {
    let units: Amount
    switch amount {
    case .decimal(let text): units = try Amount(decimal: text, decimals: 6)
    case .baseUnits(let amount): units = amount
    }
    var details: [JSONValue.Member] = [.init(key: "chainId", value: 42431)]
    if let version = key.version {
      details.append(.init(key: "sessionProtocol", value: .string(version)))
    }
    let request: JSONValue = [
      "amount": .string(units.description), "currency": .string(offer.currency ?? "0xaa"),
      "recipient": "0xbb", "unitType": .string(offer.unit ?? "request"), "methodDetails": .object(details),
    ]
    return PreparedOffer(request: request, amount: units)
  }

  public func start() async throws { try await onStart() }
  public func run() async throws { try await onRun() }

  public func purpose(of request: PaymentRequest, credential: AuthenticatedCredential?) -> RequestPurpose {
    switch credential?.payload["do"]?.stringValue {
    case "manage", "contradict": .management
    default: request.method == .head ? .management : .content
    }
  }

  /// Takes everything that is not to be refused.
  public struct Validator: CredentialValidator {
    let tally: Tally

    public struct Valid: Sendable {
      let credential: AuthenticatedCredential
      let context: VerificationContext
    }

    public func validate(
      _ credential: AuthenticatedCredential, _ context: VerificationContext
    ) async throws -> Valid {
      tally.counts.withLock { $0.verified += 1 }
      switch credential.payload["do"]?.stringValue {
      case "deny": throw PaymentProblem.insufficientBalance(reason: "requested 1, available 0")
      case "refuse":
        throw PaymentRefusal(.channelClosed(reason: "channel is finalized"), evidence: "payer verified")
      default: return Valid(credential: credential, context: context)
      }
    }
  }

  final class Tally: Sendable {
    let counts = Mutex(Counts())
    let settled = Mutex(0)
    /// What was to be written down of refused credentials.
    let kept = Mutex<[String]>([])
  }

  public func keep(_ evidence: any Sendable) async {
    tally.kept.withLock { $0.append("\(evidence)") }
  }

  public func settle(_ valid: Validator.Valid) async throws -> Verification {
    let (credential, context) = (valid.credential, valid.context)
    tally.settled.withLock { $0 += 1 }
    let amount = context.prepared.amount
    func payment(_ hold: (any PaymentHold)?) -> Verification {
      .proceed(
        VerifiedPayment(
          source: nil, amount: amount, receipt: "cmVjZWlwdA", reference: "ref", hold: hold))
    }
    switch credential.payload["do"]?.stringValue {
    case "pay":
      if context.purpose == .management {
        return .management(ManagementResult(receipt: "bWFuYWdlZA", source: nil, reference: "ref"))
      }
      tally.counts.withLock { $0.held += 1 }
      return payment(FakeHold(method: self))
    case "payAndLose":
      tally.counts.withLock { $0.held += 1 }
      return payment(FakeHold(method: self, isLost: true))
    case "payWithoutHold": return payment(nil)
    case "manage":
      return .management(
        ManagementResult(
          receipt: "bWFuYWdlZA", source: nil, reference: "ref",
          headers: [ProtocolHeaders.paymentSession: "0x01"]))
    case "contradict":
      tally.counts.withLock { $0.held += 1 }
      return payment(FakeHold(method: self))
    case "store": throw StoreError(.unavailable, "disk is gone")
    case "storeFull": throw StoreError(.full, "no room for ledger.db", underlying: "SQLite 13: disk is full")
    case "storeDamaged": throw StoreError(.corrupt, "a record is damaged")
    case "cancel": throw CancellationError()
    case "unavailable": throw PaymentProblem.unavailable(reason: "no RPC", retryAfter: 7)
    case "status":
      throw PaymentProblem(
        code: .init(rawValue: "custom"), status: Int(credential.payload["status"]?.intValue ?? 0),
        title: "Custom", detail: "Custom.")
    case "crash": throw FakeError(secret: "0xprivate")
    default: throw PaymentProblem.invalidPayload()
    }
  }

  public func challengeRequest(_ offer: PreparedOffer, _ context: ChallengeContext) async -> JSONValue? {
    lastEvidence.withLock { $0 = context.evidence }
    guard let extra = hint?(context), case .object(let members) = offer.request else { return nil }
    tally.counts.withLock { $0.hints += 1 }
    return .object(members + [.init(key: "hint", value: extra)])
  }

  struct FakeHold: PaymentHold {
    let method: FakeMethod
    /// The price is given back before the handler answers.
    var isLost = false
    func begin() -> PaymentProblem? { isLost ? .channelClosed(reason: "the price is not held") : nil }
    func commit() async { method.tally.counts.withLock { $0.committed += 1 } }
    func release() async { method.tally.counts.withLock { $0.released += 1 } }

    func commitNow() -> Bool {
      guard !method.needsSuspension else { return false }
      method.tally.counts.withLock { $0.committed += 1 }
      return true
    }

    func releaseNow() -> Bool {
      guard !method.needsSuspension else { return false }
      method.tally.counts.withLock { $0.released += 1 }
      return true
    }
  }
}

/// An error whose text must never reach a client.
public struct FakeError: Error {
  let secret: String
}
