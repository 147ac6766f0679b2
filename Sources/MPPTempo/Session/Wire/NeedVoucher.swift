public import EVM
public import MPPCore

/// The server's request for a higher voucher inside a stream (`04` §10). A wish, not an instruction: it never
/// raises what the client is willing to sign.
public struct NeedVoucher: Sendable, Hashable {
  /// The channel of the stream.
  public var channelID: Hash32
  /// The cumulative amount the next value needs, base units.
  public var requiredCumulative: Amount
  /// The highest voucher the server has, base units.
  public var acceptedCumulative: Amount
  /// What is in the reserve, base units. When less than required, the channel needs a top-up first.
  public var deposit: Amount

  /// All amounts are base units in total since the channel was opened.
  public init(
    channelID: Hash32, requiredCumulative: Amount, acceptedCumulative: Amount, deposit: Amount
  ) {
    self.channelID = channelID
    self.requiredCumulative = requiredCumulative
    self.acceptedCumulative = acceptedCumulative
    self.deposit = deposit
  }

  /// Members in the order of `04` §10.
  public var jsonValue: JSONValue {
    [
      "channelId": .string(channelID.hex),
      "requiredCumulative": .string(requiredCumulative.description),
      "acceptedCumulative": .string(acceptedCumulative.description),
      "deposit": .string(deposit.description),
    ]
  }

  /// All four members are required; the amounts are base-unit integers in strings. Unknown members are
  /// dropped.
  public init(parsing value: JSONValue) throws(SessionEventError) {
    func amount(_ key: String) throws(SessionEventError) -> Amount {
      guard let amount = value[key]?.stringValue.flatMap({ try? Amount(baseUnits: $0) }) else {
        throw .invalidPaymentEvent(name: SessionEvent.needVoucherName)
      }
      return amount
    }
    guard let channelID = value["channelId"]?.stringValue.flatMap({ try? Hash32(hex: $0) }) else {
      throw .invalidPaymentEvent(name: SessionEvent.needVoucherName)
    }
    self.init(
      channelID: channelID, requiredCumulative: try amount("requiredCumulative"),
      acceptedCumulative: try amount("acceptedCumulative"), deposit: try amount("deposit"))
  }
}
