package import EVM
package import MPPCore
import MPPTempo
package import Tempo

/// An open channel as its payer knows it.
package struct BenchChannel: Sendable {
  package let descriptor: ChannelDescriptor
  package let key: Secp256k1PrivateKey
  package let id: Hash32
  package let domain: VoucherDomain
  package let source: UnverifiedSource

  package init(descriptor: ChannelDescriptor, key: Secp256k1PrivateKey, chainID: UInt64) {
    self.descriptor = descriptor
    self.key = key
    id = descriptor.channelID(chainID: chainID)
    domain = VoucherDomain(chainID: chainID)
    source = UnverifiedSource("did:pkh:eip155:\(chainID):\(key.address.checksummed)")
  }

  package func digest(_ amount: UInt128) throws -> Hash32 {
    try Voucher(channelID: id, cumulativeAmount: amount).digest(domain: domain)
  }

  package func signature(_ amount: UInt128) throws -> [UInt8] { key.sign(try digest(amount)).bytes65 }

  /// The `Authorization` value that raises the authorization to `amount` (base units).
  package func authorization(_ challenge: Challenge, _ amount: UInt128) throws -> String {
    let payload = SessionPayload.voucher(
      .init(
        channelID: id, descriptor: descriptor, cumulativeAmount: Amount(units: amount),
        signature: try signature(amount)))
    return Credential(challenge: challenge, payload: payload.jsonValue, source: source).serialized()
  }

  // MARK: From the server's process to the payer's

  package var json: JSONValue {
    ["key": .string(Hex.encode(key.rawRepresentation)), "descriptor": descriptor.jsonValue]
  }

  package init(json: JSONValue, chainID: UInt64) throws {
    guard let key = json["key"]?.stringValue, let descriptor = json["descriptor"] else {
      throw BenchFailure("the server described no channel")
    }
    self.init(
      descriptor: try ChannelDescriptor(parsing: descriptor), key: try Secp256k1PrivateKey(hex: key),
      chainID: chainID)
  }
}
