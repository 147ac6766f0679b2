import EVM
public import MPPCore
public import Tempo

/// Why a JSON value is not a channel descriptor.
public enum DescriptorError: Error, Sendable, Hashable {
  /// Absent, or not an object.
  case missing
  /// A member is absent or malformed; the name is the wire name, for example `salt`.
  case invalid(field: String)
}

/// The one reader and writer of channel descriptors on the wire (`04` §3.1, C8): all seven members are
/// required, unknown ones are dropped.
extension ChannelDescriptor {
  /// Reads a descriptor strictly in form, leniently in the case of addresses; whether it hashes to a channel
  /// id is not checked.
  ///
  /// - Throws: `missing` for nil or something that is no object, else `invalid` with the first wrong member.
  public init(parsing value: JSONValue?) throws(DescriptorError) {
    guard let value, case .object = value else { throw .missing }
    let payer = try Self.address(value, "payer")
    let payee = try Self.address(value, "payee")
    let operatorAddress = try Self.address(value, "operator")
    let token = try Self.address(value, "token")
    let salt = try Self.word(value, "salt")
    let authorizedSigner = try Self.address(value, "authorizedSigner")
    let expiringNonceHash = try Self.word(value, "expiringNonceHash")
    self.init(
      payer: payer, payee: payee, operator: operatorAddress, token: token, salt: salt,
      authorizedSigner: authorizedSigner, expiringNonceHash: expiringNonceHash)
  }

  /// Members in the order of the reference's schema, addresses with their checksum.
  public var jsonValue: JSONValue {
    .object([
      .init(key: "authorizedSigner", value: .string(authorizedSigner.checksummed)),
      .init(key: "expiringNonceHash", value: .string(expiringNonceHash.hex)),
      .init(key: "operator", value: .string(self.operator.checksummed)),
      .init(key: "payee", value: .string(payee.checksummed)),
      .init(key: "payer", value: .string(payer.checksummed)),
      .init(key: "salt", value: .string(salt.hex)),
      .init(key: "token", value: .string(token.checksummed)),
    ])
  }

  private static func address(_ value: JSONValue, _ field: String) throws(DescriptorError) -> Address {
    guard let text = value[field]?.stringValue, let address = try? Address(hex: text) else {
      throw .invalid(field: field)
    }
    return address
  }

  private static func word(_ value: JSONValue, _ field: String) throws(DescriptorError) -> Hash32 {
    guard let text = value[field]?.stringValue, let word = try? Hash32(hex: text) else {
      throw .invalid(field: field)
    }
    return word
  }
}
