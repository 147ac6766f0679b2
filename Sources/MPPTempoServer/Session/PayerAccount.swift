import EVM
import MPPCore

/// The account a source names (`did:pkh:eip155:<chain id>:<address>`), read as `UnverifiedSource.account` does.
struct PayerAccount {
  let chainID: UInt64
  let address: Address

  /// Nil unless the text is such an account; the checksum of its address is not looked at.
  init?(_ source: UnverifiedSource) {
    let text = source.text.utf8.span.bytes
    let prefix: StaticString = "did:pkh:eip155:"
    let start = prefix.utf8CodeUnitCount
    guard text.byteCount > start, text.extracting(first: start).equals(prefix) else { return nil }
    var chainID: UInt64 = 0
    var index = start
    // A chain id is at most 2^53 - 1: sixteen digits.
    while index < text.byteCount, index < start + 17 {
      let digit = text.unsafeLoadUnaligned(fromByteOffset: index, as: UInt8.self) &- UInt8(ascii: "0")
      guard digit <= 9 else { break }
      chainID = chainID * 10 + UInt64(digit)
      index += 1
    }
    let first = text.unsafeLoadUnaligned(fromByteOffset: start, as: UInt8.self)
    guard index > start, first != UInt8(ascii: "0") || index == start + 1, chainID <= 1 << 53 - 1,
      text.byteCount == index + 1 + 42,
      text.unsafeLoadUnaligned(fromByteOffset: index, as: UInt8.self) == UInt8(ascii: ":"),
      let address = Address(hex: text.extracting(droppingFirst: index + 1))
    else { return nil }
    self.chainID = chainID
    self.address = address
  }
}
