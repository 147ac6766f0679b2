import EVM
import MPPCore
import MPPTempo
import Tempo

extension Maker {
  mutating func rlp(depth: Int = 0) -> RLPItem {
    if depth < 6, chance() { return .list(list(0...4) { $0.rlp(depth: depth + 1) }) }
    return .bytes(pick([bytes(0...2), bytes(50...60), bytes(250...260)]))
  }

  mutating func abiType(depth: Int = 0) -> ABIType {
    switch number(0...(depth < 3 ? 9 : 6)) {
    case 0: .uint(8 * number(1...32))
    case 1: .int(8 * number(1...8))
    case 2: .address
    case 3: .bool
    case 4: .fixedBytes(number(1...32))
    case 5: .bytes
    case 6: .string
    case 7: .array(abiType(depth: depth + 1))
    case 8: .fixedArray(abiType(depth: depth + 1), number(1...3))
    default: .tuple(list(1...3) { $0.abiType(depth: depth + 1) })
    }
  }

  mutating func abiValue(_ type: ABIType) throws -> ABIValue {
    switch type {
    case .uint(let bits):
      var limbs = [uint64(), uint64(), uint64(), uint64()]
      for index in 0..<4 {
        // Bits above the width are cut off; the last limb is the lowest.
        let kept = bits - (3 - index) * 64
        limbs[index] = kept <= 0 ? 0 : kept >= 64 ? limbs[index] : limbs[index] & ((1 << UInt64(kept)) - 1)
      }
      return .uint(UInt256(limbs: limbs[0], limbs[1], limbs[2], limbs[3]))
    case .int(let bits): return .int(Int64(truncatingIfNeeded: random.next()) >> Int64(64 - bits))
    case .address: return .address(try address())
    case .bool: return .bool(chance())
    case .fixedBytes(let count): return .fixedBytes(bytes(count...count))
    case .bytes: return .bytes(bytes(0...70))
    case .string: return .string(text())
    case .array(let element): return .array(try list(0...4) { try $0.abiValue(element) })
    case .fixedArray(let element, let count):
      return .array(try list(count...count) { try $0.abiValue(element) })
    case .tuple(let types):
      var members: [ABIValue] = []
      for type in types { members.append(try abiValue(type)) }
      return .tuple(members)
    }
  }

  /// Below half of either curve's order, and not zero.
  private mutating func scalar() throws -> Hash32 { try Hash32([1] + bytes(31...31)) }

  mutating func recoverable() throws -> RecoverableSignature {
    try RecoverableSignature(r: scalar(), s: scalar(), yParity: UInt8(number(0...1)))
  }

  mutating func primitive() throws -> PrimitiveSignature {
    switch number(0...2) {
    case 0: return .secp256k1(try recoverable())
    case 1:
      return .p256(
        try KeyedP256Signature(r: scalar(), s: scalar(), x: hash(), y: hash(), prehash: chance()))
    default:
      let json = Array(
        #"{"type":"webauthn.get","challenge":"\#(visible(0...4).filter { $0 != "\"" && $0 != "\\" })"}"#.utf8)
      let words = try scalar().bytes + scalar().bytes + hash().bytes + hash().bytes
      let bytes: [UInt8] = [0x02] + self.bytes(32...32) + [0x01] + self.bytes(4...4) + json + words
      return try PrimitiveSignature(parsing: bytes)
    }
  }

  mutating func envelope() throws -> SignatureEnvelope {
    chance()
      ? SignatureEnvelope(try primitive())
      : .keychain(KeychainSignature(account: try address(), inner: try primitive()))
  }

  mutating func keyAuthorization() throws -> SignedKeyAuthorization {
    let authorization = KeyAuthorization(
      chainID: uint64(), keyType: pick([.secp256k1, .p256, .webAuthn]), keyID: try address(),
      expiry: optional { UInt64($0.number(1...Int.max)) },
      limits: try optional { maker in
        try maker.list(0...3) {
          SpendingLimit(token: try $0.address(), amount: UInt256($0.uint128()), period: $0.uint64())
        }
      },
      allowedCalls: try optional { maker in
        try maker.list(0...3) { maker in
          CallScope(
            target: try maker.address(),
            rules: try maker.list(0...3) {
              SelectorRule(
                selector: try Selector($0.bytes(4...4)), recipients: try $0.list(0...3) { try $0.address() })
            })
        }
      }, witness: try optional { try $0.hash() }, isAdmin: chance(),
      account: try optional { try $0.address() })
    return SignedKeyAuthorization(authorization, signature: try primitive())
  }

  mutating func transaction() throws -> TempoTransaction {
    let tip = uint128() >> 1
    let after = UInt64(number(1...Int(Int32.max)))
    let isSponsored = chance()
    let accessList = try list(0...2) { maker in
      AccessListEntry(address: try maker.address(), storageKeys: try maker.list(0...3) { try $0.hash() })
    }
    let delegations = try list(0...2) {
      DelegationEntry(
        chainID: $0.uint256(), address: try $0.address(), nonce: $0.uint64(), signature: $0.bytes(0...65))
    }
    let slot: FeePayerSlot =
      isSponsored
      ? pick([.awaitingFeePayer, .handOff(sender: try address())])
      : pick([.unsponsored, .signed(try recoverable())])
    return TempoTransaction(
      chainID: max(1, uint64()), maxPriorityFeePerGas: tip, maxFeePerGas: tip + uint128() >> 1,
      gas: UInt64(number(0...30_000_000)),
      calls: try list(1...3) { maker in
        Call(to: try maker.optional { try $0.address() }, value: maker.uint256(), data: maker.bytes(0...200))
      },
      accessList: accessList, nonceKey: uint256(), nonce: uint64(),
      validBefore: optional { after + UInt64($0.number(1...1000)) }, validAfter: chance() ? after : nil,
      feeToken: isSponsored ? nil : try optional { try $0.address() }, feePayer: slot,
      authorizationList: delegations,
      keyAuthorization: try optional { try $0.keyAuthorization() })
  }
}
