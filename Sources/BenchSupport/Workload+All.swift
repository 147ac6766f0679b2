import EVM
import HTTPTypes
import MPPCore
import MPPTempo
import Tempo

extension Workload {
  /// All of them, on what one channel of the service sends and gets.
  package static func all(_ service: PaidService) async throws -> [Workload] {
    let challenge = try await service.challenge()
    let channel = service.channels[0]
    let authorization = try channel.authorization(challenge, 1_000 * PaidService.priceUnits)
    let mac = ChallengeMAC(secrets: try SecretRing([Secret(PaidService.secret)]))
    return [
      try header(challenge), credential(authorization), authentication(authorization, mac),
      try canonical(challenge), base64(authorization), try rlp(channel), try issue(challenge, mac),
      try voucher(channel),
    ]
  }

  private static func header(_ challenge: Challenge) throws -> Workload {
    let value = try challenge.serialized()
    var fields = HTTPFields()
    fields[.wwwAuthenticate] = value
    let header = fields
    return Workload("header-parse", "a WWW-Authenticate value to its challenge", bytes: Array(value.utf8)) {
      try ChallengeList(fields: header).challenges[0].id.utf8.count
    }
  }

  private static func credential(_ authorization: String) -> Workload {
    Workload(
      "credential-parse", "an Authorization value to its credential", bytes: Array(authorization.utf8)
    ) {
      try read(authorization).challenge.id.utf8.count
    }
  }

  private static func authentication(_ authorization: String, _ mac: ChallengeMAC) -> Workload {
    Workload(
      "credential", "an Authorization value to a credential whose challenge is ours",
      bytes: Array(authorization.utf8)
    ) {
      try mac.authenticate(try read(authorization)).challenge.id.utf8.count
    }
  }

  private static func canonical(_ challenge: Challenge) throws -> Workload {
    let request = challenge.request.value()
    return Workload("jcs", "a session request to its canonical JSON", bytes: try request.canonicalBytes()) {
      try request.canonicalBytes().count
    }
  }

  private static func base64(_ authorization: String) -> Workload {
    let bytes = Array(authorization.utf8)
    return Workload("base64url", "a credential's bytes to base64url and back", bytes: bytes) {
      try Base64URL.decode(Base64URL.encode(bytes)).count
    }
  }

  private static func rlp(_ channel: BenchChannel) throws -> Workload {
    let calldata = try ChannelReserveABI.openCalldata(
      payee: channel.descriptor.payee, operator: .zero, token: TempoAddress.pathUSD,
      deposit: PaidService.deposit, salt: channel.descriptor.salt, authorizedSigner: .zero)
    let transaction = TempoTransaction(
      chainID: channel.domain.chainID, maxPriorityFeePerGas: 1_000_000_000, maxFeePerGas: 20_000_000_000,
      gas: 300_000, calls: [Call(to: TempoAddress.channelReserve, data: calldata)], nonce: 0,
      feeToken: TempoAddress.pathUSD)
    let signature = channel.key.sign(transaction.signingHash())
    let signed = try SignedTempoTransaction(transaction, signature: .secp256k1(signature))
    return Workload("rlp", "a signed transaction to its bytes and their hash", bytes: signed.serialized) {
      let bytes = signed.serialized
      return Int(Keccak256.hash(bytes).bytes[0]) + bytes.count
    }
  }

  private static func issue(_ challenge: Challenge, _ mac: ChallengeMAC) throws -> Workload {
    var parameters = challenge.parameters
    parameters.expires = nil
    let template = try ChallengeTemplate(mac: mac, parameters: parameters)
    let expires = Timestamp(seconds: 1_800_000_000).rfc3339(subMillisecond: 123_456)
    let value = try template.issue(expires: expires).header
    return Workload("challenge-issue", "a challenge from its template", bytes: Array(value.utf8)) {
      try template.issue(expires: expires).header.utf8.count
    }
  }

  private static func voucher(_ channel: BenchChannel) throws -> Workload {
    let voucher = try Voucher(channelID: channel.id, cumulativeAmount: 1_000 * PaidService.priceUnits)
    let signature = try channel.signature(1_000 * PaidService.priceUnits)
    let (signer, key, domain) = (channel.descriptor.effectiveSigner, channel.key.publicKey, channel.domain)
    return Workload("voucher-check", "a voucher's digest and signature", bytes: signature) {
      try VoucherVerifier.verify(
        signature: signature, digest: voucher.digest(domain: domain), signer: signer, cachedKey: key)
      return signature.count
    }
  }

  private static func read(_ authorization: String) throws -> Credential {
    guard let found = try Credential.find(inAuthorization: authorization) else {
      throw BenchFailure("no credential")
    }
    return found
  }
}
