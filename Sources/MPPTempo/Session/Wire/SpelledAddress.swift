public import EVM

/// An address together with the spelling it came with. Challenge requests are signed as text, so what the
/// author or the peer wrote is what goes out again; comparisons use the address alone.
public struct SpelledAddress: Sendable, Hashable, CustomStringConvertible {
  /// What is compared.
  public let address: Address
  /// `0x` and 40 hexadecimal digits in any case.
  public let text: String

  /// An address in lower case, as the chain's tools print it.
  public init(_ address: Address) {
    self.address = address
    self.text = address.hex
  }

  /// Any case; the checksum of EIP-55 is not enforced (`01` §10).
  public init(_ text: String) throws(EVMError) {
    self.address = try Address(hex: text)
    self.text = text
  }

  public static func == (a: SpelledAddress, b: SpelledAddress) -> Bool { a.address == b.address }
  public func hash(into hasher: inout Hasher) { hasher.combine(address) }
  public var description: String { text }
}
