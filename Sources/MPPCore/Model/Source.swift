/// Who the payer says to be. A claim: a method has to prove it before anything is decided by it.
public struct UnverifiedSource: Sendable, Hashable, CustomStringConvertible {
  /// `did:pkh:eip155:<chain id>:<address>` for the built-in methods.
  public let text: String

  /// Checks nothing; ``account`` reads the form of the built-in methods.
  public init(_ text: String) {
    self.text = text
  }

  /// The parts of a `did:pkh:eip155` text: the chain id without leading zeros, the address as written (`0x`
  /// and 40 hexadecimal digits, not checked further). Nil for everything else.
  public var account: (chainID: UInt64, address: String)? {
    let prefix = "did:pkh:eip155:"
    let bytes = Array(text.utf8)
    guard bytes.starts(with: prefix.utf8) else { return nil }
    let rest = bytes.dropFirst(prefix.utf8.count)
    guard let colon = rest.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    let digits = rest[..<colon]
    let address = rest[(colon + 1)...]
    guard !digits.isEmpty, digits.allSatisfy({ $0 &- UInt8(ascii: "0") <= 9 }),
      digits.first != UInt8(ascii: "0") || digits.count == 1,
      let chainID = UInt64(String(decoding: digits, as: UTF8.self)), chainID <= 1 << 53 - 1,
      address.count == 42, address.starts(with: "0x".utf8),
      address.dropFirst(2).allSatisfy({ $0.hexDigitValue != nil })
    else { return nil }
    return (chainID, String(decoding: address, as: UTF8.self))
  }

  public var description: String { text }

  public static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.text.equalsBytes(of: rhs.text)
  }

  public func hash(into hasher: inout Hasher) {
    text.hashBytes(into: &hasher)
  }
}

/// A payer whose control of the account a method has proved. Only verifiers make one.
public struct VerifiedSource: Sendable, Hashable, CustomStringConvertible {
  /// As ``UnverifiedSource/text``: `did:pkh:eip155:<chain id>:<address>` for the built-in methods.
  public let text: String

  package init(_ text: String) {
    self.text = text
  }

  public var description: String { text }
}
