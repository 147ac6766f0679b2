import EVM

/// The arguments behind a selector. Whatever does not decode reverts with empty data, as the precompiles do.
struct Calldata {
  let selector: UInt32
  private let bytes: [UInt8]

  /// `nil` when there are fewer than four bytes.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 4 else { return nil }
    selector = bytes[..<4].reduce(0) { $0 << 8 | UInt32($1) }
    self.bytes = bytes
  }

  /// The selector of a canonical signature, for functions that the reference names without one.
  static func selector(_ signature: String) -> UInt32 {
    ABI.selector(signature).reduce(0) { $0 << 8 | UInt32($1) }
  }

  func word(_ index: Int) throws(Revert) -> Hash32 {
    let start = 4 + index * 32
    guard index >= 0, index < 4096, start + 32 <= bytes.count else { throw Revert.empty }
    do { return try Hash32(bytes[start..<start + 32]) } catch { throw Revert.empty }
  }

  /// Arguments of any types.
  func values(_ types: [ABIType]) throws(Revert) -> [ABIValue] {
    do { return try ABI.decode(types, bytes[4...], form: .inBounds) } catch { throw Revert.empty }
  }

  func uint256(_ index: Int) throws(Revert) -> UInt256 { UInt256(try word(index)) }

  func uint96(_ index: Int) throws(Revert) -> UInt128 {
    guard let value = try uint256(index).uint128, value >> 96 == 0 else { throw Revert.empty }
    return value
  }

  func uint128(_ index: Int) throws(Revert) -> UInt128 {
    guard let value = try uint256(index).uint128 else { throw Revert.empty }
    return value
  }

  func address(_ index: Int) throws(Revert) -> Address {
    let word = try word(index)
    do { return try Address(word: word) } catch { throw Revert.empty }
  }

  /// The `bytes` argument whose offset is in this head word.
  func byteString(_ index: Int) throws(Revert) -> [UInt8] {
    let body = try tail(index)
    let (end, overflow) = body.start.addingReportingOverflow(body.count)
    guard !overflow, end <= bytes.count else { throw Revert.empty }
    return Array(bytes[body.start..<end])
  }

  /// The `bytes32[]` argument whose offset is in this head word, of at most `limit` items.
  func words(_ index: Int, limit: Int) throws(Revert) -> [Hash32] {
    let body = try tail(index)
    guard body.count <= limit, body.start + body.count * 32 <= bytes.count else { throw Revert.empty }
    var items: [Hash32] = []
    for position in 0..<body.count {
      let start = body.start + position * 32
      do { items.append(try Hash32(bytes[start..<start + 32])) } catch { throw Revert.empty }
    }
    return items
  }

  private func tail(_ index: Int) throws(Revert) -> (start: Int, count: Int) {
    guard let offset = try uint256(index).uint64, offset <= UInt64(bytes.count) else { throw Revert.empty }
    let lengthStart = 4 + Int(offset)
    guard lengthStart + 32 <= bytes.count else { throw Revert.empty }
    let length: UInt256
    do { length = UInt256(try Hash32(bytes[lengthStart..<lengthStart + 32])) } catch { throw Revert.empty }
    guard let count = length.uint64, count <= UInt64(bytes.count) else { throw Revert.empty }
    return (lengthStart + 32, Int(count))
  }
}
