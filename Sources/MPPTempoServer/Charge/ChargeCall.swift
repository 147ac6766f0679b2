import Crypto
import EVM
import HTTPTypes
import Logging
import MPPCore
import MPPServer
import MPPTempo

/// What a charge needs to know of the request that brought its credential.
struct ChargeCall: Sendable {
  let challengeID: String
  let realm: String
  let terms: ChargeTerms
  let expires: Timestamp
  /// Seconds from the challenge to its expiry.
  let lifetime: Int64
  /// Until when the challenge is taken, with the server's leeway; inclusive.
  let end: Timestamp
  /// What was asked for; a payment is redeemed again for the same only.
  let request: Hash32
  let source: UnverifiedSource?
  let now: Timestamp
  let logger: Logger

  init(
    _ credential: AuthenticatedCredential, _ terms: ChargeTerms, _ context: VerificationContext
  ) throws(EVMError) {
    challengeID = credential.challenge.id
    realm = credential.challenge.realm
    self.terms = terms
    expires = credential.challenge.expiry ?? context.now
    lifetime = context.challengeLifetime
    end = expires.adding(seconds: context.leeway)
    request = try Self.digest(context.request)
    source = credential.source
    now = context.now
    logger = context.logger
  }

  /// Method, path, query and body, each with its length in front.
  static func digest(_ request: PaymentRequest) throws(EVMError) -> Hash32 {
    var hash = SHA256()
    let query = request.query ?? ""
    for part in [
      Array(request.method.rawValue.utf8), Array(request.path.utf8), Array(query.utf8), request.body ?? [],
    ] {
      withUnsafeBytes(of: UInt64(part.count).bigEndian) { hash.update(bufferPointer: $0) }
      hash.update(data: part)
    }
    return try Hash32(Array(hash.finalize()))
  }

  var matcher: TransferMatcher { terms.matcher(realm: realm, challengeID: challengeID) }

  /// What a proof uses up: the challenge and the account, never the bytes of a signature.
  func proofKey(_ account: Address) -> ReplayKey {
    ReplayKey(space: "proof", id: Array(challengeID.utf8) + [0] + account.bytes)
  }

  /// The account `source` names, when it is of this chain.
  var statedAccount: Address? {
    guard let source, let account = AccountSource(strict: source), account.chainID == terms.chainID
    else { return nil }
    return account.address
  }

  /// The `Payment-Receipt` value for a transaction hash, or for the challenge of a proof.
  func receipt(_ reference: String) throws -> String {
    try Receipt(
      method: "tempo", reference: reference, timestamp: now.rfc3339,
      externalID: terms.request.externalID
    ).serialized()
  }

  func verified(_ account: Address) -> VerifiedSource {
    VerifiedSource(AccountSource(chainID: terms.chainID, address: account).text)
  }
}
