/// Who runs which groups of which file: the one table. A file or group of the folder that is not here, or an entry
/// without a test, fails `VectorInventoryTests`; a test that does not run each of its cases once fails in
/// `Tally.finish()`. Neither depends on the order in which tests run.
public enum VectorConsumer: String, CaseIterable, Sendable {
  case abi
  case acceptPayment
  case attribution
  case bodyDigest
  case canonicalJSON
  case challengeID
  case channel
  case credential
  case errors
  case httpExchanges
  case keyAuthorization
  case legacyVoucher
  case methodRequestCharge
  case methodRequestSession
  case methodRequestSubscription
  case primitivesCore
  case primitivesEVM
  case proof
  case receipt
  case sessionReceipt
  case sessionSnapshot
  case serverSentEvents
  case signatureEnvelope
  case subscription
  case tempoTransaction
  case voucher
  case webSocket
  case wwwAuthenticate

  public var file: String { entry.file }
  public var groups: [String] { entry.groups }

  private var entry: (file: String, groups: [String]) {
    switch self {
    case .abi: ("abi.json", ["calls", "results", "events", "errors", "addresses"])
    case .acceptPayment: ("accept-payment.json", ["parse", "resolve", "rank", "select"])
    case .attribution: ("attribution.json", ["encode", "decode"])
    case .bodyDigest: ("body-digest.json", ["compute", "verify"])
    case .canonicalJSON: ("canonical-json.json", ["cases"])
    case .challengeID: ("challenge-id.json", ["create", "verify"])
    case .channel: ("channel.json", ["channelId", "invalid", "expiringNonceHash", "legacyChannelId"])
    case .credential: ("credential.json", ["serialize", "parse", "extract"])
    case .errors: ("errors.json", ["cases"])
    case .httpExchanges: ("http-exchanges.json", ["cases"])
    case .keyAuthorization: ("key-authorization.json", ["sign", "deserialize"])
    case .legacyVoucher: ("legacy-voucher.json", ["sign", "verify"])
    case .methodRequestCharge: ("method-request.json", ["charge", "chargePayload"])
    case .methodRequestSession: ("method-request.json", ["session", "sessionPayload"])
    case .methodRequestSubscription: ("method-request.json", ["subscription"])
    case .primitivesCore: ("primitives.json", ["hashes", "hmac", "base64Decode"])
    case .primitivesEVM:
      ("primitives.json", ["hashes", "rlp", "rlpDecode", "keys", "signatures", "p256"])
    case .proof: ("proof.json", ["sign", "parseSource"])
    case .receipt: ("receipt.json", ["serialize", "parse"])
    case .sessionReceipt: ("receipt.json", ["sessionCreate", "sessionParse"])
    case .sessionSnapshot: ("session-snapshot.json", ["encode", "decode"])
    case .serverSentEvents:
      ("sse.json", ["formatMessage", "formatNeedVoucher", "formatReceipt", "parse", "extractData"])
    case .signatureEnvelope: ("signature-envelope.json", ["envelopes", "deserialize"])
    case .subscription:
      ("subscription.json", ["sign", "verify", "periodSeconds", "expirySeconds", "timing"])
    case .tempoTransaction: ("tempo-transaction.json", ["sign", "deserialize", "invalid", "client"])
    case .voucher: ("voucher.json", ["sign", "verify", "uint96", "keychainWrapped", "constants"])
    case .webSocket: ("websocket.json", ["format", "parse"])
    case .wwwAuthenticate: ("www-authenticate.json", ["serialize", "parse", "parseList"])
    }
  }

  /// All files of the table with all their groups.
  public static var inventory: [String: Set<String>] {
    var files: [String: Set<String>] = [:]
    for consumer in allCases { files[consumer.file, default: []].formUnion(consumer.groups) }
    return files
  }
}
