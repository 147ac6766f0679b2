import EVM

/// Getters and voucher signatures of the v1 stream contract (`02` §12).
extension World {
  private static let voucherTypeHash = Keccak256.hash(
    utf8: "Voucher(bytes32 channelId,uint128 cumulativeAmount)")
  private static let domainName = "Tempo Stream Channel"

  func readLegacy(_ escrow: Address, _ input: Calldata) throws(Revert) -> [UInt8]? {
    switch input.selector {
    case 0x831c_2b82, 0x7a7e_bd7b:  // getChannel(bytes32), channels(bytes32)
      return Words.encode(legacyChannel(escrow, try input.word(0)).abi)
    case 0x19af_c7b4:  // getChannelsBatch(bytes32[])
      let channels = try input.words(0, limit: 1_000).map { legacyChannel(escrow, $0) }
      let head = [UInt256(32 as UInt64), UInt256(UInt64(channels.count))]
      return Words.encode(head + channels.flatMap(\.abi))
    case 0x5af3_dc68:  // computeChannelId(payer, payee, token, salt, authorizedSigner)
      var channel = LegacyChannelRecord()
      channel.payer = try input.address(0)
      channel.payee = try input.address(1)
      channel.token = try input.address(2)
      channel.authorizedSigner = try input.address(4)
      return legacyID(escrow, channel, try input.word(3)).bytes
    case 0x862b_b199:  // getVoucherDigest(bytes32,uint128)
      return legacyDigest(escrow, try input.word(0), try input.uint128(1)).bytes
    case 0xf698_da25: return legacyDomain(escrow).bytes
    case 0x84b0_196e: return eip712Domain(escrow)
    case 0x956c_8327: return Words.encode(UInt256(Self.closeGracePeriod))
    case 0x9473_9e87: return Self.voucherTypeHash.bytes
    default: return nil
    }
  }

  /// Seven words.
  func legacyID(_ escrow: Address, _ channel: LegacyChannelRecord, _ salt: Hash32) -> Hash32 {
    let words = [
      channel.payer.word, channel.payee.word, channel.token.word, salt, channel.authorizedSigner.word,
      escrow.word, UInt256(chainID).word,
    ]
    return Keccak256.hash(Words.encode(words.map(UInt256.init)))
  }

  private func legacyDomain(_ escrow: Address) -> Hash32 {
    EIP712Words.domain(name: Self.domainName, version: "1", chainID: chainID, contract: escrow)
  }

  private func legacyDigest(_ escrow: Address, _ id: Hash32, _ amount: UInt128) -> Hash32 {
    EIP712Words.digest(
      domain: legacyDomain(escrow), [UInt256(Self.voucherTypeHash), UInt256(id), UInt256(amount)])
  }

  private func eip712Domain(_ escrow: Address) -> [UInt8] {
    let types: [ABIType] = [
      .fixedBytes(1), .string, .string, .uint256, .address, .bytes32, .array(.uint256),
    ]
    let values: [ABIValue] = [
      .fixedBytes([0x0f]), .string(Self.domainName), .string("1"), .uint(UInt256(chainID)),
      .address(escrow), .bytes32(.zero), .array([]),
    ]
    do { return try ABI.encode(types: types, values) } catch { return [] }
  }

  func checkLegacyVoucher(
    _ call: LegacyCall, _ cumulative: UInt128, _ signature: [UInt8]
  ) throws(Revert) {
    let digest = legacyDigest(call.escrow, call.id, cumulative)
    guard SignatureRules.solidityRecover(digest, signature: signature) == call.channel.signer else {
      throw Revert.invalidSignature
    }
  }
}

extension SignatureRules {
  /// What the contract's own recovery takes: 65 bytes with `v` 27 or 28, or the compact 64 bytes, with an `s`
  /// of any half.
  static func solidityRecover(_ digest: Hash32, signature: [UInt8]) -> Address? {
    guard signature.count == 65 || signature.count == 64 else { return nil }
    var s = Array(signature[32..<64])
    var parity: UInt8
    if signature.count == 64 {
      parity = s[0] >> 7
      s[0] &= 0x7f
    } else {
      guard signature[64] == 27 || signature[64] == 28 else { return nil }
      parity = signature[64] - 27
    }
    do {
      var scalar = UInt256(try Hash32(s))
      if Secp256k1.isHighS(scalar.word) {
        // The twin with the other parity has the same signer.
        let (mirrored, isAboveOrder) = UInt256(Secp256k1.order).subtractingReportingOverflow(scalar)
        guard !isAboveOrder else { return nil }
        scalar = mirrored
        parity ^= 1
      }
      let recoverable = try RecoverableSignature(
        r: try Hash32(signature[..<32]), s: scalar.word, yParity: parity)
      return try Secp256k1.recover(digest, recoverable).address
    } catch {
      return nil
    }
  }
}
