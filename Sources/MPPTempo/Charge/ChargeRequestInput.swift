import EVM
public import MPPCore

/// A charge offer in the author's terms (`06` §1.2): decimal amounts and names as in the reference's options. ``wireRequest()``
/// checks all of it, so a mistake shows when the route is made.
public struct ChargeRequestInput: Sendable, Hashable {
  /// A price in units of the token ("0.01") or already in base units.
  public enum Price: Sendable, Hashable {
    /// In units of the token, "0.01"; multiplied by 10^``ChargeRequestInput/decimals``, never rounded.
    case decimal(String)
    /// As it goes onto the wire.
    case baseUnits(Amount)
  }

  /// A share that goes to somebody else; the amount in units of the token.
  public struct Split: Sendable, Hashable {
    /// In units of the token, "0.01"; above zero.
    public var amount: String
    /// Address of the one who gets the share.
    public var recipient: String
    /// `0x` and 64 hexadecimal digits. Nil: the share may be paid with any memo or none.
    public var memo: String?

    /// Nothing is checked before ``ChargeRequestInput/wireRequest()``.
    public init(amount: String, recipient: String, memo: String? = nil) {
      self.amount = amount
      self.recipient = recipient
      self.memo = memo
    }
  }

  /// What is charged once; zero asks for a proof of identity.
  public var amount: Price
  /// Address of the token. ``wireRequest()`` hands it on as it is.
  public var currency: String
  /// Decimals of the token; not sent.
  public var decimals: Int
  /// Address of the payee, handed on as it is. Nil only where nothing is paid.
  public var recipient: String?
  public var description: String?
  /// The seller's own name for the purchase, sent to the payer; nil: left out.
  public var externalID: String?
  /// Nil: the request names no chain.
  public var chainID: UInt64?
  /// True: the server pays the fee of the transaction.
  public var feePayer: Bool?
  /// `0x` and 64 hexadecimal digits the main payment must carry. Nil: the payer makes one that is bound to
  /// the challenge.
  public var memo: String?
  /// One to ten shares, together less than the price; an empty list is an error. Nil: everything goes to the
  /// recipient.
  public var splits: [Split]?
  /// Nil: both. An empty list is an error.
  public var supportedModes: [ChargeRequest.Mode]?
  /// Sent as it is. This library does not take payments by that route.
  public var machineTokenEnabled: Bool?

  /// Nothing is checked before ``wireRequest()``.
  ///
  /// - Parameter decimals: decimals of the token, 6 for every TIP-20 token.
  public init(
    amount: Price, currency: String, decimals: Int = 6, recipient: String? = nil, description: String? = nil,
    externalID: String? = nil, chainID: UInt64? = nil, feePayer: Bool? = nil, memo: String? = nil,
    splits: [Split]? = nil, supportedModes: [ChargeRequest.Mode]? = nil, machineTokenEnabled: Bool? = nil
  ) {
    self.amount = amount
    self.currency = currency
    self.decimals = decimals
    self.recipient = recipient
    self.description = description
    self.externalID = externalID
    self.chainID = chainID
    self.feePayer = feePayer
    self.memo = memo
    self.splits = splits
    self.supportedModes = supportedModes
    self.machineTokenEnabled = machineTokenEnabled
  }

  /// The wire form. Amounts with more digits than `decimals` are an error, never rounded (`01` §10); a price of zero asks for a
  /// proof and leaves nothing to split.
  public func wireRequest() throws(ChargeRequestError) -> ChargeRequest {
    let price: Amount
    switch amount {
    case .decimal(let text): price = try baseUnits(text, "amount")
    case .baseUnits(let units): price = units
    }
    var details = ChargeRequest.MethodDetails(
      chainID: chainID, feePayer: feePayer, memoText: memo, supportedModes: supportedModes,
      machineTokenEnabled: machineTokenEnabled)
    if let memo, !WireText.isHex(memo, count: 64) { throw ChargeRequestError("memo") }
    if let supportedModes, supportedModes.isEmpty { throw ChargeRequestError("supportedModes") }
    details.splits = try wireSplits(of: price)
    return ChargeRequest(
      amount: price, currency: currency, recipient: recipient, description: description,
      externalID: externalID, methodDetails: details)
  }

  private func wireSplits(of price: Amount) throws(ChargeRequestError) -> [ChargeRequest.Split] {
    guard let splits else { return [] }
    guard (1...ChargeRequest.maximumSplits).contains(splits.count) else { throw ChargeRequestError("splits") }
    var rest = price
    var wire: [ChargeRequest.Split] = []
    for split in splits {
      let share = try baseUnits(split.amount, "splits")
      guard share > .zero, share < rest, let left = try? rest.subtracting(share) else {
        throw ChargeRequestError("splits")
      }
      if let memo = split.memo, !WireText.isHex(memo, count: 64) { throw ChargeRequestError("splits") }
      rest = left
      wire.append(
        ChargeRequest.Split(amount: share, recipient: split.recipient, memoText: split.memo))
    }
    return wire
  }

  private func baseUnits(_ text: String, _ field: String) throws(ChargeRequestError) -> Amount {
    guard let amount = try? Amount(decimal: text, decimals: decimals) else {
      throw ChargeRequestError(field)
    }
    return amount
  }
}
