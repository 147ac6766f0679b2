public import EVM
public import MPPCore

/// The request object of a charge challenge (`06` §1.2), as it crosses the wire.
///
/// Parsing checks types and formats and drops unknown members.
public struct ChargeRequest: Sendable, Hashable {
  /// Who hands the paying transaction to the chain (`06` §1.2).
  public enum Mode: String, Sendable, Hashable, CaseIterable {
    /// The payer signs, the server broadcasts.
    case pull
    /// The payer broadcasts and presents the hash.
    case push
  }

  /// Most splits of one charge.
  public static let maximumSplits = 10

  /// Base units; zero asks for a proof of identity.
  public var amount: Amount
  /// Token, as spelt by the server.
  public var currency: String
  /// Payee, as spelt by the server.
  public var recipient: String?
  public var description: String?
  /// The seller's own name for the purchase.
  public var externalID: String?
  /// The members that are Tempo's own.
  public var methodDetails: MethodDetails

  /// The `methodDetails` of a charge request. A nil member is left out on the wire.
  public struct MethodDetails: Sendable, Hashable {
    /// Nil: the request names no chain. Never zero when parsed.
    public var chainID: UInt64?
    /// True: the server pays the fee of the transaction, and the payer signs it for a sponsor. Nil means
    /// false.
    public var feePayer: Bool?
    /// As spelt by the server; 32 bytes.
    public var memoText: String?
    /// At most ``ChargeRequest/maximumSplits``; their sum must be below the amount, the rest goes to the
    /// recipient.
    public var splits: [Split]
    /// Nil: both.
    public var supportedModes: [Mode]?
    /// Whether the machine-token route may pay. This library does not use that route.
    public var machineTokenEnabled: Bool?

    /// Without arguments: details that leave every choice out.
    ///
    /// - Parameter memoText: `0x` and 64 digits. Not checked here: ``memo`` reads anything else as no memo.
    public init(
      chainID: UInt64? = nil, feePayer: Bool? = nil, memoText: String? = nil, splits: [Split] = [],
      supportedModes: [Mode]? = nil, machineTokenEnabled: Bool? = nil
    ) {
      self.chainID = chainID
      self.feePayer = feePayer
      self.memoText = memoText
      self.splits = splits
      self.supportedModes = supportedModes
      self.machineTokenEnabled = machineTokenEnabled
    }

    /// The memo the main payment must carry, or `nil` for one that is bound to the challenge.
    public var memo: Hash32? { memoText.flatMap { try? Hash32(hex: $0) } }
  }

  /// A share that goes to somebody else.
  public struct Split: Sendable, Hashable {
    /// Base units.
    public var amount: Amount
    /// Who gets the share, as spelt by the server.
    public var recipient: String
    /// As spelt by the server, 32 bytes. Nil: the share may be paid with any memo or none.
    public var memoText: String?

    /// Nothing is checked here; ``ChargeRequest/transfers()`` refuses a share that cannot be paid.
    public init(amount: Amount, recipient: String, memoText: String? = nil) {
      self.amount = amount
      self.recipient = recipient
      self.memoText = memoText
    }
  }

  /// Nothing is checked here; ``transfers()`` and the wire reader refuse what cannot be paid.
  ///
  /// - Parameter recipient: nil only where nothing is paid, for a proof.
  public init(
    amount: Amount, currency: String, recipient: String?, description: String? = nil,
    externalID: String? = nil, methodDetails: MethodDetails = MethodDetails()
  ) {
    self.amount = amount
    self.currency = currency
    self.recipient = recipient
    self.description = description
    self.externalID = externalID
    self.methodDetails = methodDetails
  }

  /// The token as an address, or `nil` when the currency is something else.
  public var currencyAddress: Address? { try? Address(hex: currency) }
  /// The payee as an address, or `nil` when absent or something else.
  public var recipientAddress: Address? { recipient.flatMap { try? Address(hex: $0) } }

  /// What has to be paid: the main payment first, then the splits; empty for a proof.
  ///
  /// - Throws: ``ChargeRequestError`` when payee, splits or their addresses cannot be paid.
  public func transfers() throws(ChargeRequestError) -> [ExpectedTransfer] {
    guard amount > .zero else {
      guard methodDetails.splits.isEmpty else { throw ChargeRequestError("splits") }
      return []
    }
    guard let recipient = recipientAddress else { throw ChargeRequestError("recipient") }
    var splits: [ExpectedTransfer.Split] = []
    for split in methodDetails.splits {
      guard let address = try? Address(hex: split.recipient) else { throw ChargeRequestError("splits") }
      splits.append(
        ExpectedTransfer.Split(
          recipient: address, amount: split.amount,
          memo: split.memoText.flatMap { try? Hash32(hex: $0) }))
    }
    do throws(ChargeTermsError) {
      return try ExpectedTransfer.list(
        amount: amount, recipient: recipient, memo: methodDetails.memo, splits: splits)
    } catch {
      throw ChargeRequestError("splits")
    }
  }
}

/// A charge request that cannot be read or built; `field` is the wire name of the first wrong member.
public struct ChargeRequestError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Wire name of the first wrong member, `request` for something that is no object.
  public let field: String
  /// - Parameter field: see ``field``.
  public init(_ field: String) { self.field = field }
  public var description: String { "invalid charge request: \(field)" }
}
