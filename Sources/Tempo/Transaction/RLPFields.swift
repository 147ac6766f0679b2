import EVM

/// Typed reading of RLP items that says which field failed.
enum RLPFields {
  static func bytes(_ item: RLPItem, _ field: String) throws(TempoError) -> [UInt8] {
    do { return try item.bytes() } catch { throw .invalidField(field) }
  }

  static func list(_ item: RLPItem, _ field: String) throws(TempoError) -> [RLPItem] {
    do { return try item.list() } catch { throw .invalidField(field) }
  }

  static func list(_ item: RLPItem, count: Int, _ field: String) throws(TempoError) -> [RLPItem] {
    do { return try item.list(count: count) } catch { throw .invalidField(field) }
  }

  static func uint64(_ item: RLPItem, _ field: String) throws(TempoError) -> UInt64 {
    do { return try item.uint64() } catch { throw .invalidField(field) }
  }

  static func uint128(_ item: RLPItem, _ field: String) throws(TempoError) -> UInt128 {
    do { return try item.uint128() } catch { throw .invalidField(field) }
  }

  static func uint256(_ item: RLPItem, _ field: String) throws(TempoError) -> UInt256 {
    do { return try item.uint256() } catch { throw .invalidField(field) }
  }

  /// Zero and absent are the same; the canonical encoding of both is the empty string.
  static func optionalUInt64(_ item: RLPItem, _ field: String) throws(TempoError) -> UInt64? {
    let value = try uint64(item, field)
    return value == 0 ? nil : value
  }

  static func address(_ item: RLPItem, _ field: String) throws(TempoError) -> Address {
    do { return try item.address() } catch { throw .invalidField(field) }
  }

  static func optionalAddress(_ item: RLPItem, _ field: String) throws(TempoError) -> Address? {
    do { return try item.optionalAddress() } catch { throw .invalidField(field) }
  }

  static func hash(_ item: RLPItem, _ field: String) throws(TempoError) -> Hash32 {
    do { return try item.hash() } catch { throw .invalidField(field) }
  }

  /// `[yParity, r, s]` as minimal integers, with a low `s`.
  static func signature(_ items: [RLPItem]) throws(TempoError) -> RecoverableSignature {
    guard items.count == 3 else { throw .invalidField("signature") }
    let parity = try uint64(items[0], "yParity")
    guard parity <= 1 else { throw .signature(.nonCanonicalByte) }
    let r = try uint256(items[1], "r").word
    let s = try uint256(items[2], "s").word
    try CurveScalars.secp256k1.check(r: r, s: s)
    do {
      return try RecoverableSignature(r: r, s: s, yParity: UInt8(parity))
    } catch {
      throw .signature(.scalarOutOfRange)
    }
  }

  static func items(_ signature: RecoverableSignature) -> [RLPItem] {
    [RLP.uint(UInt64(signature.yParity)), RLP.uint(UInt256(signature.r)), RLP.uint(UInt256(signature.s))]
  }

  static func item(_ address: Address?) -> RLPItem { .bytes(address?.bytes ?? []) }

  /// Decodes one whole RLP item under the limits of the pool.
  static func decode(_ bytes: ArraySlice<UInt8>) throws(TempoError) -> RLPItem {
    let limits = RLP.Limits(
      maximumBytes: TransactionLimits.totalBytes, maximumDepth: TransactionLimits.depth,
      maximumItems: TransactionLimits.items)
    do {
      return try RLP.decode(bytes, limits: limits)
    } catch {
      if case .limitExceeded = error { throw .limitExceeded("transaction") }
      throw .malformedRLP("\(error)")
    }
  }
}
