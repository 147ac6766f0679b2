import EVM
public import MPPCore

/// A session offer in the author's terms (`04` §6.1): decimal amounts and names as in the reference's
/// options. ``wireRequest()`` checks all of it, so a mistake shows when the route is made.
public struct SessionRequestInput: Sendable, Hashable {
  /// A price in units of the token ("0.01") or already in base units.
  public enum Price: Sendable, Hashable {
    case decimal(String)
    case baseUnits(Amount)
  }

  public var amount: Price
  public var currency: String
  /// Decimals of the token; not sent.
  public var decimals: Int
  public var recipient: String?
  public var unitType: String
  public var suggestedDeposit: String?
  public var escrowContract: String?
  public var chainID: UInt64?
  public var channelID: String?
  public var minVoucherDelta: String?
  public var `operator`: String?
  public var feePayer: Bool?
  public var feeToken: String?
  public var machineTokenEnabled: Bool?
  public var sessionProtocol: String?

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
