import EVM

/// Fee manager and nonce manager, as far as clients read and set them (`03` §9.2, `02` §13).
extension World {
  mutating func callFeeManager(_ input: Calldata, from caller: Address) throws(Revert) -> [UInt8] {
    switch input.selector {
    case 0xed49_8fa8:  // userTokens(address)
      charge(3_000)
      return Words.encode(storage[.userToken(try input.address(0))])
    case 0x6dc5_4a7a:  // validatorTokens(address)
      charge(3_000)
      return Words.encode(Addresses.pathUSD)
    case 0xe789_7444:  // setUserToken(address)
      charge(20_000)
      let token = try input.address(0)
      guard tokens[token]?.currency == "USD" else { throw Revert.invalidToken }
      storage[.userToken(caller)] = UInt256(token.word)
      emit(Addresses.feeManager, [Topic.userTokenSet, caller.word, token.word])
      return []
    default:
      charge(3_000)
      throw Revert.unknownFunction(input.selector)
    }
  }

  mutating func callNonceManager(_ input: Calldata) throws(Revert) -> [UInt8] {
    charge(3_000)
    guard input.selector == 0x8953_5803 else { throw Revert.unknownFunction(input.selector) }
    let account = try input.address(0)
    let key = try input.uint256(1)
    guard !key.isZero else { throw Revert.protocolNonceNotSupported }
    return Words.encode(storage[.keyedNonce(account, key: key)])
  }
}
