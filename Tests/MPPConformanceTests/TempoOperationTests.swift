import EVM
import MPPConformance
import MPPCore
import Tempo
import TestSupport
import Testing

/// The operations of the Tempo methods, each over its golden cases.
@Suite struct TempoOperationTests {
  @Test func proofDigestsAreComputed() async throws {
    try await Harness.each("proof.json", "sign") { vector in
      var input = vector.value.without("p256", "webAuthn", "accessKey")
      try Tally.expect(
        try await Harness.value("tempo.proof.digest", input), try vector.require("digest"), "digest")
      for kind in ["p256", "webAuthn", "accessKey"] {
        let account = vector[kind]?["account"] ?? vector[kind]?["rootAccount"] ?? .null
        input = input.with("account", account)
        try Tally.expect(
          try await Harness.value("tempo.proof.digest", input), vector[kind]?["digest"] ?? .null, kind)
      }
    }
  }

  @Test func voucherDigestsAreComputed() async throws {
    try await Harness.each("voucher.json", "sign") { vector in
      let input = vector.value.without("signers", "digest", "domainSeparator")
      let digest = try vector.require("digest")
      try Tally.expect(try await Harness.value("tempo.voucher.digest", input), digest, "digest")
      let escrow = try vector.require("escrow")
      for name in ["escrowContract", "verifyingContract"] {
        let other = input.without("escrow").with(name, escrow)
        try Tally.expect(try await Harness.value("tempo.voucher.digest", other), digest, name)
      }
      guard try Address(hex: escrow.stringValue ?? "") == TempoAddress.channelReserve else { return }
      try Tally.expect(
        try await Harness.value("tempo.voucher.digest", input.without("escrow")), digest, "default escrow")
    }
    for amount in ["", "-1", "1.0", "79228162514264337593543950336", "0x10"] {
      let input: JSONValue = [
        "chainId": 1, "channelId": .string(Hash32.zero.hex), "cumulativeAmount": .string(amount),
      ]
      try await Harness.expectError(.generation, "tempo.voucher.digest", input)
    }
  }

  @Test func channelIDsAreComputed() async throws {
    try await Harness.each("channel.json", "channelId") { vector in
      let input = vector.value.without("preimage", "channelId", "voucherSigner")
      let id = try vector.require("channelId")
      try Tally.expect(try await Harness.value("tempo.channel.id", input), id, "id")
      // The members of the descriptor may also stand beside the others.
      let flat = JSONValue.object(
        (try vector.require("descriptor").objectValue ?? []) + (input.without("descriptor").objectValue ?? [])
      )
      try Tally.expect(try await Harness.value("tempo.channel.id", flat), id, "id")
    }
    try await Harness.each("channel.json", "invalid") { vector in
      let input = vector.value.without("error", "name", "result")
      guard let result = vector["result"] else {
        return try await Harness.expectError(.generation, "tempo.channel.id", input)
      }
      try Tally.expect(try await Harness.value("tempo.channel.id", input), result, "id")
    }
  }

  /// Written by the reference as no node takes it; see docs/compatibility.md.
  private func hasZeroValidity(_ vector: VectorCase) -> Bool {
    vector["fields"]?["validAfter"]?.intValue == 0 || vector["fields"]?["validBefore"]?.intValue == 0
  }

  @Test func transactionsAreVerified() async throws {
    try await Harness.each("tempo-transaction.json", "sign") { vector in
      for kind in try vector.require("signed").objectValue ?? [] {
        guard let serialized = kind.value["serialized"], let sender = kind.value["sender"] else {
          throw VectorError("\(kind.key) has no transaction")
        }
        var input: JSONValue = [
          "transaction": serialized, "sender": sender, "chainId": vector["fields"]?["chainId"] ?? .null,
        ]
        if hasZeroValidity(vector) {
          return try await Harness.expectError(.verification, "tempo.transaction.verify", input)
        }
        let value = try await Harness.value("tempo.transaction.verify", input)
        try Tally.expect(value["hash"], kind.value["hash"], "hash")
        try Tally.expect(
          value["sender"]?.stringValue?.lowercased(), sender.stringValue?.lowercased(), "sender")
        if let key = kind.value["feePayerPrivateKey"] {
          let payer = try Secp256k1PrivateKey(try Hex.decode(key.stringValue ?? ""))
          try Tally.expect(value["feePayer"], .string(payer.address.checksummed), "fee payer")
        } else {
          try Tally.expect(value["signingHash"], try vector.require("signPayload"), "signing hash")
        }
        input = input.with("sender", .string(TempoAddress.pathUSD.hex))
        try await Harness.expectError(.verification, "tempo.transaction.verify", input)
        input = input.with("sender", sender).with("chainId", 999_999)
        try await Harness.expectError(.verification, "tempo.transaction.verify", input)
        var bytes = try Hex.decode(serialized.stringValue ?? "")
        bytes[bytes.count - 2] ^= 1
        var forged: JSONValue = ["transaction": .string(Hex.encode(bytes)), "sender": sender]
        if let accessKey = kind.value["accessKeyAddress"] {
          try Tally.expect(
            value["accessKey"]?.stringValue?.lowercased(), accessKey.stringValue?.lowercased(), "access key")
          // Whose account it is is written there: another signature is another key's.
          forged = forged.with("accessKey", accessKey)
        }
        try await Harness.expectError(.verification, "tempo.transaction.verify", forged)
      }
    }
  }

  @Test func brokenTransactionsAreRefused() async throws {
    try await Harness.each("tempo-transaction.json", "deserialize") { vector in
      guard vector.error != nil else { return }
      let input: JSONValue = ["transaction": try vector.require("serialized")]
      try await Harness.expectError(.verification, "tempo.transaction.verify", input)
    }
  }

  @Test func sponsorshipsAreCosigned() async throws {
    try await Harness.each("tempo-transaction.json", "sign") { vector in
      guard !hasZeroValidity(vector) else { return }
      for kind in try vector.require("signed").objectValue ?? [] {
        guard let key = kind.value["feePayerPrivateKey"] else { continue }
        for form in ["senderEnvelope", "feePayerHandoff0x78"] {
          let input: JSONValue = [
            "transaction": kind.value[form] ?? .null, "privateKey": key,
            "feeToken": kind.value["feePayerToken"] ?? .null,
          ]
          let value = try await Harness.value("tempo.fee_payer.cosign", input)
          try Tally.expect(value["transaction"], kind.value["serialized"], form)
          try Tally.expect(value["hash"], kind.value["hash"], "hash")
        }
      }
    }
    try await Harness.each("tempo-transaction.json", "client") { vector in
      var input: JSONValue = [
        "transaction": try vector.require("sponsoredPartial"),
        "feePayerPrivateKey": try vector.require("feePayerPrivateKey"),
        "feeToken": try vector.require("completedFeeToken"),
      ]
      let value = try await Harness.value("tempo.fee_payer.cosign", input)
      try Tally.expect(value["transaction"], try vector.require("completed"), "completed")
      try Tally.expect(value["hash"], try vector.require("completedHash"), "hash")
      // A sender does not sponsor itself, and what is not sponsored has no place for a sponsor.
      input = input.with("feePayerPrivateKey", try vector.require("privateKey"))
      try await Harness.expectError(.verification, "tempo.fee_payer.cosign", input)
      input = input.with("feePayerPrivateKey", try vector.require("feePayerPrivateKey"))
      try await Harness.expectError(
        .verification, "tempo.fee_payer.cosign", input.with("transaction", try vector.require("plain")))
    }
  }
}
