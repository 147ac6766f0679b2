public import EVM
public import MPPCore

/// The request object of a session challenge (`04` §6.2), as it crosses the wire.
///
/// Parsing checks types and formats and drops unknown members; whether the fields a v2 server must send
/// are there is a question of its own, see ``requireServerFields()``.
public struct SessionRequest: Sendable, Hashable {
  /// Price of one unit, base units.
  public var amount: Amount
  /// Token, as spelt by the server.
  public var currency: String
  /// Payee, as spelt by the server.
  public var recipient: String?
  /// What one price buys, as the server names it; `request` makes a stream one charge instead of one for each
  /// element (`04` §26).
  public var unitType: String
  /// Base units.
  public var suggestedDeposit: Amount?
  /// The members that are Tempo's own.
  public var methodDetails: MethodDetails

  /// The `methodDetails` of a session request. A nil member is left out on the wire.
  public struct MethodDetails: Sendable, Hashable {
    /// Required of a v2 server. Never zero when parsed.
    public var chainID: UInt64?
    /// The contract that must hold the channel. Required of a v2 server.
    public var escrowContract: SpelledAddress?
    /// Who may settle and close beside the payee; nil means nobody, written as the zero address in the
    /// descriptor.
    public var `operator`: SpelledAddress?
    /// True: the server pays the fees of opens and top-ups, which the payer signs for a sponsor. Nil means
    /// false.
    public var feePayer: Bool?
    /// The token the fee of opens and top-ups is to be paid in; nil: the currency.
    public var feeToken: SpelledAddress?
    /// Base units.
    public var minVoucherDelta: Amount?
    /// A channel the server suggests to use again; a hint.
    public var channelID: Hash32?
    /// Only true is ever written. This library does not use that rail.
    public var machineTokenEnabled: Bool?
    /// `v1`, `v2`, or whatever the peer sent; absent means `v1`.
    public var sessionProtocol: String?
    /// Raw, because it is a hint: a malformed one must not make the offer unusable. Decode with
    /// ``SessionSnapshot/init(parsing:)``.
    public var sessionSnapshot: JSONValue?

    /// Without arguments: details that leave every choice out, which ``SessionRequest/requireServerFields()``
    /// refuses.
    public init(
      chainID: UInt64? = nil, escrowContract: SpelledAddress? = nil, operator: SpelledAddress? = nil,
      feePayer: Bool? = nil, feeToken: SpelledAddress? = nil, minVoucherDelta: Amount? = nil,
      channelID: Hash32? = nil, machineTokenEnabled: Bool? = nil, sessionProtocol: String? = nil,
      sessionSnapshot: JSONValue? = nil
    ) {
      self.chainID = chainID
      self.escrowContract = escrowContract
      self.operator = `operator`
      self.feePayer = feePayer
      self.feeToken = feeToken
      self.minVoucherDelta = minVoucherDelta
      self.channelID = channelID
      self.machineTokenEnabled = machineTokenEnabled
      self.sessionProtocol = sessionProtocol
      self.sessionSnapshot = sessionSnapshot
    }
  }

  /// Nothing is checked here; ``requireServerFields()`` does.
  ///
  /// - Parameters:
  ///   - amount: price of one unit, base units.
  ///   - suggestedDeposit: base units; a wish that binds no client.
  public init(
    amount: Amount, currency: String, recipient: String?, unitType: String,
    suggestedDeposit: Amount? = nil, methodDetails: MethodDetails
  ) {
    self.amount = amount
    self.currency = currency
    self.recipient = recipient
    self.unitType = unitType
    self.suggestedDeposit = suggestedDeposit
    self.methodDetails = methodDetails
  }

  /// The token as an address, or `nil` when the currency is something else.
  public var currencyAddress: Address? { try? Address(hex: currency) }
  /// The payee as an address, or `nil` when absent or something else.
  public var recipientAddress: Address? { recipient.flatMap { try? Address(hex: $0) } }

  /// Refuses a request that a v2 server could not have issued (`04` §6.2): chain, escrow, protocol marker
  /// and payee are required, and the price is above zero.
  public func requireServerFields() throws(SessionRequestError) {
    guard amount > .zero else { throw SessionRequestError("amount") }
    guard methodDetails.sessionProtocol.map({ $0.equalsBytes(of: "v2") }) == true else {
      throw SessionRequestError("sessionProtocol")
    }
    guard methodDetails.chainID != nil else { throw SessionRequestError("chainId") }
    guard methodDetails.escrowContract != nil else { throw SessionRequestError("escrowContract") }
    guard currencyAddress != nil else { throw SessionRequestError("currency") }
    guard recipientAddress != nil else { throw SessionRequestError("recipient") }
  }
}

/// A session request that cannot be read or built; `field` is the wire name of the first wrong member.
public struct SessionRequestError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Wire name of the first wrong member, `request` for something that is no object.
  public let field: String
  /// - Parameter field: see ``field``.
  public init(_ field: String) { self.field = field }
  public var description: String { "invalid session request: \(field)" }
}
