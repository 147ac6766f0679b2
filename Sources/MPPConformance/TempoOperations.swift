import EVM
import MPPCore
import MPPTempo
import Tempo

/// Digests, ids and transactions of the Tempo methods. Nothing here asks a chain.
enum TempoOperations {
  static func proofDigest(_ input: ConformanceInput) throws -> JSONValue {
    let proof = ZeroAmountProof(
      account: try input.address("account", "address"), chainID: try input.number("chainId"),
      challengeID: try input.text("challengeId"), realm: try input.text("realm"))
    return .string(proof.digest.hex)
  }

  /// The TIP-1034 voucher; `escrow` is the channel reserve unless given.
  static func voucherDigest(_ input: ConformanceInput) throws -> JSONValue {
    let domain = VoucherDomain(chainID: try input.number("chainId"), escrow: try escrow(input))
    let voucher = try Voucher(
      channelID: try input.word("channelId"), cumulativeAmount: try input.amount("cumulativeAmount").units)
    return .string(voucher.digest(domain: domain).hex)
  }

  /// The seven members of the descriptor, under `descriptor` or beside `chainId`.
  static func channelID(_ input: ConformanceInput) throws -> JSONValue {
    let descriptor: ChannelDescriptor
    do {
      descriptor = try ChannelDescriptor(parsing: input.object("descriptor").value)
    } catch DescriptorError.invalid(let field) {
      throw input.failure("\(field) of the descriptor is missing or malformed")
    }
    let id = descriptor.channelID(escrow: try escrow(input), chainID: try input.number("chainId"))
    return .string(id.hex)
  }

  private static func escrow(_ input: ConformanceInput) throws -> Address {
    guard input.optional("escrow", "escrowContract", "verifyingContract") != nil else {
      return TempoAddress.channelReserve
    }
    return try input.address("escrow", "escrowContract", "verifyingContract")
  }

  /// Decodes strictly, verifies the signatures, and compares with what the input expects: `sender`, `accessKey`, `chainId`, and
  /// a charge's `request` with the `realm` and `challengeId` its memo must be bound to.
  static func verifyTransaction(_ input: ConformanceInput) throws -> JSONValue {
    let signed = try SignedTempoTransaction(parsing: try input.bytes("transaction", "serialized"))
    let recovered = try signed.recover()
    let sender = recovered.account
    let transaction = signed.transaction
    if input.optional("sender") != nil, try input.address("sender") != sender {
      throw input.failure("the sender is \(sender.checksummed)")
    }
    if input.optional("accessKey") != nil, try input.address("accessKey") != recovered.accessKey {
      throw input.failure("the access key is \(recovered.accessKey?.checksummed ?? "none")")
    }
    if input.optional("chainId") != nil, try input.number("chainId") != transaction.chainID {
      throw input.failure("the chain is \(transaction.chainID)")
    }
    if let request = input.optional("request") { try checkPayment(transaction, request, input) }
    var members: [JSONValue.Member] = [
      .init(key: "sender", value: .string(sender.checksummed)),
      .init(key: "chainId", value: .integer(Int64(clamping: transaction.chainID))),
      .init(key: "hash", value: .string(signed.hash.hex)),
      .init(key: "signingHash", value: .string(transaction.signingHash().hex)),
      .init(key: "sponsored", value: .bool(transaction.feePayer.isSponsored)),
    ]
    if let accessKey = recovered.accessKey {
      members.append(.init(key: "accessKey", value: .string(accessKey.checksummed)))
    }
    if signed.isFinal, let payer = try signed.recoverFeePayer(sender: sender) {
      members.append(.init(key: "feePayer", value: .string(payer.checksummed)))
    }
    return .object(members)
  }

  private static func checkPayment(
    _ transaction: TempoTransaction, _ value: JSONValue, _ input: ConformanceInput
  ) throws {
    let request = try ChargeRequest(parsing: value)
    guard let token = request.currencyAddress else { throw input.failure("currency is not an address") }
    if let chainID = request.methodDetails.chainID, chainID != transaction.chainID {
      throw input.failure("the chain is \(transaction.chainID)")
    }
    let realm = try input.optionalText("realm")
    let challengeID = try input.optionalText("challengeId")
    let matcher = TransferMatcher(token: token, expected: try request.transfers()) { word in
      guard let memo = AttributionMemo(word) else { return false }
      return realm.map { memo.isFor(serverID: $0) } ?? true
        && challengeID.map { memo.isBound(to: $0) } ?? true
    }
    _ = try matcher.match(
      try PaymentCalls(transaction.calls).transfers, sender: nil,
      exactCount: transaction.feePayer.isSponsored)
  }

  /// Adds a sponsor's signature to a transaction that awaits one, as `0x76` with the marker or as `0x78`. Whether
  /// to sponsor is not asked here.
  static func cosign(_ input: ConformanceInput) throws -> JSONValue {
    let partial = try SignedTempoTransaction(parsing: try input.bytes("transaction", "serialized"))
    let sender = try partial.recoverSender()
    let key = try Secp256k1PrivateKey(try input.bytes("privateKey", "feePayerPrivateKey"))
    guard key.address != sender else { throw input.failure("the sender cannot sponsor itself") }
    let token = try input.address("feeToken")
    let digest = partial.transaction.feePayerHash(sender: sender, feeToken: token)
    let final = try partial.completed(feeToken: token, feePayerSignature: key.sign(digest))
    return [
      "transaction": .string(Hex.encode(final.serialized)), "hash": .string(final.hash.hex),
      "sender": .string(sender.checksummed), "feePayer": .string(key.address.checksummed),
    ]
  }
}
