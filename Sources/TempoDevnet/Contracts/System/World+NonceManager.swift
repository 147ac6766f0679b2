import EVM

/// Keyed nonces (`02` §13).
extension World {
  mutating func callNonceManager(_ input: Calldata) throws(Revert) -> [UInt8] {
    charge(3_000)
    guard input.selector == 0x8953_5803 else { throw Revert.unknownFunction(input.selector) }
    let account = try input.address(0)
    let key = try input.uint256(1)
    guard !key.isZero else { throw Revert.protocolNonceNotSupported }
    return Words.encode(storage[.keyedNonce(account, key: key)])
  }
}
