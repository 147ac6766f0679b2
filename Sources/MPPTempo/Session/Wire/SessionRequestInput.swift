import EVM
public import MPPCore

/// A session offer in the author's terms (`04` §6.1): decimal amounts and names as in the reference's
/// options. ``wireRequest()`` checks all of it, so a mistake shows when the route is made.
public struct SessionRequestInput: Sendable, Hashable {
  /// A price in units of the token ("0.01") or already in base units.
  public enum Price: Sendable, Hashable {
    /// In units of the token, "0.01"; multiplied by 10^``SessionRequestInput/decimals``, never rounded.
    case decimal(String)
    /// As it goes onto the wire.
    case baseUnits(Amount)
  }

  /// Price of one unit, above zero.
  public var amount: Price
  /// Address of the token. ``wireRequest()`` hands it on as it is.
  public var currency: String
  /// Decimals of the token; not sent.
  public var decimals: Int
  /// Address of the payee, handed on as it is. A v2 server needs one.
  public var recipient: String?
  /// What one price buys; see ``SessionRequest/unitType``.
  public var unitType: String
  /// In units of the token; nil: no wish.
  public var suggestedDeposit: String?
  /// Address; nil: left out. A v2 server needs one.
  public var escrowContract: String?
  /// Nil: left out. A v2 server needs one.
  public var chainID: UInt64?
  /// 32 bytes in hexadecimal; a hint which channel to use again.
  public var channelID: String?
  /// Smallest step from one voucher to the next, in units of the token; nil: any step.
  public var minVoucherDelta: String?
  /// Address that may settle and close beside the payee; nil: nobody else.
  public var `operator`: String?
  /// True: the server pays the fees of opens and top-ups.
  public var feePayer: Bool?
  /// Address of the token the fee of opens and top-ups is to be paid in; nil: the currency.
  public var feeToken: String?
  /// Only true is sent. This library does not take payments on that rail.
  public var machineTokenEnabled: Bool?
  /// `v1` or `v2`; anything else is an error. Nil: left out, which peers read as `v1`.
  public var sessionProtocol: String?

  /// Nothing is checked before ``wireRequest()``.
  ///
  /// - Parameter decimals: decimals of the token, 6 for every TIP-20 token.
  public init(
    amount: Price, currency: String, decimals: Int = 6, recipient: String? = nil, unitType: String,
    suggestedDeposit: String? = nil, escrowContract: String? = nil, chainID: UInt64? = nil,
    channelID: String? = nil, minVoucherDelta: String? = nil, operator: String? = nil,
    feePayer: Bool? = nil, feeToken: String? = nil, machineTokenEnabled: Bool? = nil,
    sessionProtocol: String? = nil
  ) {
    self.amount = amount
    self.currency = currency
    self.decimals = decimals
    self.recipient = recipient
    self.unitType = unitType
    self.suggestedDeposit = suggestedDeposit
    self.escrowContract = escrowContract
    self.chainID = chainID
    self.channelID = channelID
    self.minVoucherDelta = minVoucherDelta
    self.operator = `operator`
    self.feePayer = feePayer
    self.feeToken = feeToken
    self.machineTokenEnabled = machineTokenEnabled
    self.sessionProtocol = sessionProtocol
  }

  /// The wire form. Amounts with more digits than `decimals` are an error, never rounded (`01` §10); a
  /// price of zero is an error; `suggestedDeposit` and `minVoucherDelta` may be zero.
  public func wireRequest() throws(SessionRequestError) -> SessionRequest {
    let price: Amount
    switch amount {
    case .decimal(let text): price = try baseUnits(text, "amount")
    case .baseUnits(let units): price = units
    }
    guard price > .zero else { throw SessionRequestError("amount") }
    var details = SessionRequest.MethodDetails(chainID: chainID, feePayer: feePayer)
    details.escrowContract = try address(escrowContract, "escrowContract")
    details.operator = try address(self.operator, "operator")
    details.feeToken = try address(feeToken, "feeToken")
    details.minVoucherDelta = try optionalUnits(minVoucherDelta, "minVoucherDelta")
    if let channelID {
      guard let id = try? Hash32(hex: channelID) else { throw SessionRequestError("channelId") }
      details.channelID = id
    }
    details.machineTokenEnabled = machineTokenEnabled == true ? true : nil
    if let sessionProtocol {
      guard sessionProtocol == "v1" || sessionProtocol == "v2" else {
        throw SessionRequestError("sessionProtocol")
      }
      details.sessionProtocol = sessionProtocol
    }
    return SessionRequest(
      amount: price, currency: currency, recipient: recipient, unitType: unitType,
      suggestedDeposit: try optionalUnits(suggestedDeposit, "suggestedDeposit"),
      methodDetails: details)
  }

  private func baseUnits(_ text: String, _ field: String) throws(SessionRequestError) -> Amount {
    guard let amount = try? Amount(decimal: text, decimals: decimals) else {
      throw SessionRequestError(field)
    }
    return amount
  }

  private func optionalUnits(_ text: String?, _ field: String) throws(SessionRequestError) -> Amount? {
    guard let text else { return nil }
    return try baseUnits(text, field)
  }

  private func address(_ text: String?, _ field: String) throws(SessionRequestError) -> SpelledAddress? {
    guard let text else { return nil }
    guard let address = try? SpelledAddress(text) else { throw SessionRequestError(field) }
    return address
  }
}
