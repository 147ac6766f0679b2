import EVM
import Tempo
import TestSupport
import Testing

@Suite struct ChannelVectors {
  @Test func channelFile() throws {
    var tally = try Tally(.channel)
    for vector in try tally.file.group("channelId") {
      tally.run(vector) {
        let descriptor = try Reading.descriptor(vector["descriptor"])
        let chainID = try Reading.uint64(vector["chainId"])
        let escrow = try Reading.address(vector["escrow"])
        try Tally.expect(
          descriptor.identityPreimage(escrow: escrow, chainID: chainID), try vector.bytes("preimage"),
          "preimage")
        try Tally.expect(
          descriptor.channelID(escrow: escrow, chainID: chainID), try Reading.hash(vector["channelId"]), "id")
        try Tally.expect(descriptor.effectiveSigner, try Reading.address(vector["voucherSigner"]), "signer")
      }
    }
    for vector in try tally.file.group("invalid") {
      tally.run(vector) { try invalid(vector) }
    }
    for vector in try tally.file.group("expiringNonceHash") {
      tally.run(vector) {
        var transaction = try Reading.transaction(vector["transaction"])
        transaction.feePayer = try vector.bool("sponsored") ? .awaitingFeePayer : .unsponsored
        try Tally.expect(
          transaction.signingPayload, try vector.bytes("encodedForSigning"), "encodedForSigning")
        let sender = try Reading.address(vector["sender"])
        try Tally.expect(
          transaction.expiringNonceHash(sender: sender), try Reading.hash(vector["expiringNonceHash"]),
          "expiringNonceHash")
      }
    }
    for vector in try tally.file.group("legacyChannelId") {
      tally.run(vector) {
        let channel = LegacyChannel(
          payer: try Reading.address(vector["payer"]), payee: try Reading.address(vector["payee"]),
          token: try Reading.address(vector["token"]), salt: try Reading.hash(vector["salt"]),
          authorizedSigner: try Reading.address(vector["authorizedSigner"]))
        let escrow = try Reading.address(vector["escrowContract"])
        try Tally.expect(
          channel.channelID(escrow: escrow, chainID: try Reading.uint64(vector["chainId"])),
          try Reading.hash(vector["channelId"]), "channelId")
      }
    }
    try tally.finish()
  }

  private func invalid(_ vector: VectorCase) throws {
    guard let result = vector["result"] else {
      try Tally.expectRejected(vector.name) { try Reading.descriptor(vector["descriptor"]) }
      return
    }
    let descriptor = try Reading.descriptor(vector["descriptor"])
    try Tally.expect(
      descriptor.channelID(
        escrow: try Reading.address(vector["escrow"]), chainID: try Reading.uint64(vector["chainId"])),
      try Reading.hash(result), "channelId")
  }
}
