public import EVM
public import MPPCore

/// The receipt of a session request (`04` §8). Built by the server from the committed record only.
public struct SessionReceipt: Sendable, Hashable {
  /// ISO 8601 UTC text, as sent.
  public var timestamp: String
  /// Id of the challenge in the credential that produced it.
  public var challengeID: String
  /// Sent twice, as `channelId` and as `reference`.
  public var channelID: Hash32
  /// Highest accepted voucher, base units; for a close the amount of the close credential.
  public var acceptedCumulative: Amount
  /// Charged so far, base units, this request included.
  public var spent: Amount
  /// Number of charges of the channel so far.
  public var units: Int64?
  /// Transaction of an open, top-up, close, or of a settlement this charge triggered.
  public var transactionHash: Hash32?
  /// Members this version does not know, in their order.
  public var extra: [JSONValue.Member]

  /// - Parameters:
  ///   - acceptedCumulative: base units in total.
  ///   - spent: base units in total, this request included.
  ///   - units: nil leaves the member out.
  public init(
    timestamp: Timestamp, challengeID: String, channelID: Hash32, acceptedCumulative: Amount,
    spent: Amount, units: Int64? = nil, transactionHash: Hash32? = nil
  ) {
    self.timestamp = timestamp.rfc3339
    self.challengeID = challengeID
    self.channelID = channelID
    self.acceptedCumulative = acceptedCumulative
    self.spent = spent
    self.units = units
    self.transactionHash = transactionHash
    self.extra = []
  }

  /// Members in the order of `04` §8, unknown ones last.
  public var jsonValue: JSONValue {
    var members: [JSONValue.Member] = [
      .init(key: "method", value: .string("tempo")),
      .init(key: "intent", value: .string("session")),
      .init(key: "status", value: .string("success")),
      .init(key: "timestamp", value: .string(timestamp)),
      .init(key: "reference", value: .string(channelID.hex)),
      .init(key: "challengeId", value: .string(challengeID)),
      .init(key: "channelId", value: .string(channelID.hex)),
      .init(key: "acceptedCumulative", value: .string(acceptedCumulative.description)),
      .init(key: "spent", value: .string(spent.description)),
    ]
    if let units { members.append(.init(key: "units", value: .integer(units))) }
    if let transactionHash { members.append(.init(key: "txHash", value: .string(transactionHash.hex))) }
    return .object(members + extra)
  }

  /// The `Payment-Receipt` field value: base64url without padding of the compact JSON.
  public func headerValue() -> String {
    plainHeaderValue() ?? Base64URL.encode(jsonValue.serialized().utf8)
  }

  /// Largest header value that is decoded (bytes), `11` §11.
  public static let maxHeaderBytes = 16 * 1024

  /// Decodes a `Payment-Receipt` field value.
  public init(headerValue text: some StringProtocol) throws(SessionReceiptError) {
    guard text.utf8.count <= Self.maxHeaderBytes, let bytes = try? Base64URL.decode(text),
      let value = try? JSONValue(parsing: bytes)
    else { throw SessionReceiptError() }
    try self.init(parsing: value)
  }

  /// Every required member must be there with its type; amounts are base-unit integers, ids 32 bytes, and
  /// `reference` is the channel.
  public init(parsing value: JSONValue) throws(SessionReceiptError) {
    guard case .object(let members) = value, value["method"]?.isText("tempo") == true,
      value["intent"]?.isText("session") == true, value["status"]?.isText("success") == true,
      let timestamp = value["timestamp"]?.stringValue,
      let reference = value["reference"]?.stringValue.flatMap({ try? Hash32(hex: $0) }),
      let challengeID = value["challengeId"]?.stringValue,
      let channelID = value["channelId"]?.stringValue.flatMap({ try? Hash32(hex: $0) }),
      reference == channelID,
      let accepted = value["acceptedCumulative"]?.stringValue.flatMap({ try? Amount(baseUnits: $0) }),
      let spent = value["spent"]?.stringValue.flatMap({ try? Amount(baseUnits: $0) })
    else { throw SessionReceiptError() }
    self.timestamp = timestamp
    self.challengeID = challengeID
    self.channelID = channelID
    self.acceptedCumulative = accepted
    self.spent = spent
    self.units = nil
    self.transactionHash = nil
    if let member = value["units"] {
      guard let units = member.intValue, units >= 0 else { throw SessionReceiptError() }
      self.units = units
    }
    if let member = value["txHash"] {
      guard let hash = member.stringValue.flatMap({ try? Hash32(hex: $0) }) else {
        throw SessionReceiptError()
      }
      self.transactionHash = hash
    }
    self.extra = members.filter { member in
      !Self.known.contains { $0.equalsBytes(of: member.key) }
    }
  }

  private static let known = [
    "method", "intent", "status", "timestamp", "reference", "challengeId", "channelId",
    "acceptedCumulative", "spent", "units", "txHash",
  ]
}

/// A header or object that is not a session receipt.
public struct SessionReceiptError: Error, Sendable, Hashable, CustomStringConvertible {
  /// An error without a field: a receipt that cannot be read is no evidence of anything.
  public init() {}
  public var description: String { "Invalid session receipt." }
}
