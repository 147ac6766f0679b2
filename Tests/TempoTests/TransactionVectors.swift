import EVM
import MPPCore
import Tempo
import TestSupport
import Testing

@Suite struct TransactionVectors {
  @Test func tempoTransactionFile() throws {
    var tally = try Tally(.tempoTransaction)
    try tally.each("sign", sign)
    try tally.each("deserialize", deserialize)
    for vector in try tally.file.group("invalid") {
      tally.run(vector) {
        try Tally.expectRejected(vector.name) {
          try Reading.transaction(vector["fields"]).validate()
        }
      }
    }
    try tally.each("client", client)
    try tally.finish()
  }

  /// The reference writes the number 0 in a validity field as the byte `00`, which no node accepts (`02` §5.1
  /// rule 1). Such cases are inverted: our payload has the empty string in that place, and theirs is refused.
  private func hasZeroValidity(_ fields: JSONValue?) -> Bool {
    fields?["validAfter"]?.intValue == 0 || fields?["validBefore"]?.intValue == 0
  }

  private func sign(_ vector: VectorCase) throws {
    var transaction = try Reading.transaction(vector["fields"])
    let payload = try vector.bytes("encodedForSigning")
    let kinds = try vector.require("signed").objectValue ?? []
    guard !kinds.isEmpty else { throw VectorError("no signature") }
    if let authorization = vector["fields"]?["keyAuthorization"] {
      transaction.keyAuthorization = try keyAuthorization(authorization)
    }
    try Tally.expect(Keccak256.hash(payload), try Reading.hash(vector["signPayload"]), "signPayload")
    if hasZeroValidity(vector["fields"]) {
      vector.differs(.transactionZeroValidity)
      let ours = transaction.signingPayload
      try Tally.expect(ours.count, payload.count, "length")
      let difference = zip(ours, payload).filter { $0 != $1 }
      guard difference.count == 1, difference[0] == (0x80, 0x00) else {
        throw VectorError("more than the validity field differs")
      }
      for kind in kinds {
        try Tally.expectRejected("byte 00") {
          try SignedTempoTransaction(parsing: try Reading.bytes(kind.value["serialized"]))
        }
        let envelope = try SignatureEnvelope(parsing: try Reading.bytes(kind.value["signature"]))
        try checkSender(envelope, Keccak256.hash(payload), kind.value)
      }
      return
    }
    try Tally.expect(transaction.signingPayload, payload, "encodedForSigning")
    for kind in kinds {
      let envelope = try SignatureEnvelope(parsing: try Reading.bytes(kind.value["signature"]))
      try checkSender(envelope, transaction.signingHash(), kind.value)
      let signed = try transaction.signed(envelope)
      if transaction.feePayer.isSponsored {
        try sponsored(signed, kind.value)
      } else {
        try expectFinal(signed, kind.value)
      }
    }
  }

  /// A key authorization of vector fields, with its signature.
  private func keyAuthorization(_ fields: JSONValue) throws -> SignedKeyAuthorization {
    guard let signature = fields["signature"], signature["type"]?.stringValue == "secp256k1" else {
      throw VectorError("kind of the key authorization's signature")
    }
    let numbers = signature["signature"]
    let parity = try Reading.uint64(numbers?["yParity"])
    return SignedKeyAuthorization(
      try Reading.keyAuthorization(fields),
      signature: .secp256k1(
        try RecoverableSignature(
          r: try Reading.uint256(numbers?["r"]).word, s: try Reading.uint256(numbers?["s"]).word,
          yParity: UInt8(parity))))
  }

  private func checkSender(_ envelope: SignatureEnvelope, _ digest: Hash32, _ expected: JSONValue) throws {
    let sender = try Reading.address(expected["sender"])
    switch envelope {
    case .secp256k1, .p256, .webAuthn:
      try Tally.expect(try envelope.recover(digest).account, sender, "sender")
    case .keychain:
      let recovered = try envelope.recover(digest)
      try Tally.expect(recovered.account, sender, "sender")
      try Tally.expect(recovered.accessKey, try Reading.address(expected["accessKeyAddress"]), "access key")
    }
  }

  private func expectFinal(_ signed: SignedTempoTransaction, _ expected: JSONValue) throws {
    try Tally.expect(signed.serialized, try Reading.bytes(expected["serialized"]), "serialized")
    try Tally.expect(signed.hash, try Reading.hash(expected["hash"]), "hash")
    try Tally.expect(try SignedTempoTransaction(parsing: signed.serialized), signed, "parsed")
  }

  private func sponsored(_ signed: SignedTempoTransaction, _ expected: JSONValue) throws {
    let sender = try Reading.address(expected["sender"])
    try Tally.expect(signed.serialized, try Reading.bytes(expected["senderEnvelope"]), "senderEnvelope")
    let handOff = try signed.handOff(sender: sender)
    try Tally.expect(handOff.serialized, try Reading.bytes(expected["feePayerHandoff0x78"]), "hand-off")
    let token = try Reading.address(expected["feePayerToken"])
    let digest = signed.transaction.feePayerHash(sender: sender, feeToken: token)
    try Tally.expect(digest, try Reading.hash(expected["feePayerSignPayload"]), "feePayerSignPayload")
    let key = try Secp256k1PrivateKey(try Reading.bytes(expected["feePayerPrivateKey"]))
    let signature = key.sign(digest)
    try Tally.expect(signature.bytes65, try Reading.bytes(expected["feePayerSignature"]), "feePayerSignature")
    let parsed = try SignedTempoTransaction(parsing: handOff.serialized)
    let final = try parsed.completed(feeToken: token, feePayerSignature: signature)
    try expectFinal(final, expected)
    try Tally.expect(try final.recoverFeePayer(sender: sender), key.address, "fee payer")
  }

  private func deserialize(_ vector: VectorCase) throws {
    let bytes = try vector.bytes("serialized")
    let isRefused = Self.isRefusedByNode(bytes)
    if vector["result"] != nil, isRefused {
      vector.differs(.transactionNotCanonical)
    } else if hasZeroValidity(vector["result"]) {
      vector.differs(.transactionZeroValidity)
    }
    guard let result = vector["result"], !isRefused, !hasZeroValidity(result) else {
      try Tally.expectRejected(vector.name) { try SignedTempoTransaction(parsing: bytes) }
      return
    }
    let signed = try SignedTempoTransaction(parsing: bytes)
    try Tally.expect(signed.serialized, bytes, "serialized")
    let parsed = signed.transaction
    var expected = try Reading.transaction(without(result, ["signature", "from"]))
    expected.keyAuthorization = try result["keyAuthorization"].map(keyAuthorization)
    if let slot = result["feePayerSignature"] {
      if slot.isNull {
        switch parsed.feePayer {
        case .awaitingFeePayer, .handOff: expected.feePayer = parsed.feePayer
        case .unsponsored, .signed: throw VectorError("slot \(parsed.feePayer)")
        }
      } else {
        let parity = try Reading.uint64(slot["yParity"])
        expected.feePayer = .signed(
          try RecoverableSignature(
            r: try Reading.hash(slot["r"]), s: try Reading.hash(slot["s"]), yParity: UInt8(parity)))
      }
    }
    try Tally.expect(parsed, expected, "transaction")
    let sender = try Reading.address(result["from"])
    try Tally.expect(try signed.recoverSender(), sender, "from")
  }

  /// Where the reference accepts what the node rejects (`Vectors/README.md`): bytes after the list, integers with
  /// leading zeros, no chain id, no signature.
  static func isRefusedByNode(_ bytes: [UInt8]) -> Bool {
    guard let list = try? RLP.decode(bytes.dropFirst()), case .list(let items) = list, items.count >= 13,
      case .bytes(let chainID) = items[0], !chainID.isEmpty,
      case .bytes(let signature) = items[items.count - 1], items.count > 13, signature.count >= 65
    else { return true }
    return [0, 1, 2, 3, 6, 7, 8, 9].contains { index in
      guard case .bytes(let digits) = items[index] else { return true }
      // A validity of the byte 00 is another difference.
      return digits.first == 0 && (index < 8 || digits.count > 1)
    }
  }

  private func without(_ value: JSONValue, _ keys: Set<String>) -> JSONValue {
    .object((value.objectValue ?? []).filter { !keys.contains($0.key) })
  }

  private func client(_ vector: VectorCase) throws {
    let key = try Secp256k1PrivateKey(try vector.bytes("privateKey"))
    let payerKey = try Secp256k1PrivateKey(try vector.bytes("feePayerPrivateKey"))
    var transaction = try Reading.transaction(vector["transaction"])
    transaction.feeToken = try Reading.address(vector["plainFeeToken"])
    try Tally.expect(try transaction.signed(with: key).serialized, try vector.bytes("plain"), "plain")
    transaction.feeToken = nil
    transaction.feePayer = .awaitingFeePayer
    let partial = try transaction.signed(with: key).handOff(sender: key.address)
    try Tally.expect(partial.serialized, try vector.bytes("sponsoredPartial"), "sponsoredPartial")
    try Tally.expect(try partial.recoverSender(), key.address, "sender")
    let token = try Reading.address(vector["completedFeeToken"])
    let digest = partial.transaction.feePayerHash(sender: key.address, feeToken: token)
    let final = try partial.completed(feeToken: token, feePayerSignature: payerKey.sign(digest))
    try Tally.expect(final.serialized, try vector.bytes("completed"), "completed")
    try Tally.expect(final.hash, try Reading.hash(vector["completedHash"]), "completedHash")
  }
}
