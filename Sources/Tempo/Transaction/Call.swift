public import EVM

/// One call of a Tempo transaction. All calls of a transaction succeed together or not at all (`02` §5.1).
public struct Call: Sendable, Hashable {
  /// `nil` creates a contract.
  public var to: Address?
  /// Native value; the chain accepts only zero.
  public var value: UInt256
  public var data: [UInt8]

  public init(to: Address?, value: UInt256 = .zero, data: [UInt8] = []) {
    self.to = to
    self.value = value
    self.data = data
  }
}

/// One entry of an access list.
public struct AccessListEntry: Sendable, Hashable {
  public var address: Address
  public var storageKeys: [Hash32]

  public init(address: Address, storageKeys: [Hash32] = []) {
    self.address = address
    self.storageKeys = storageKeys
  }
}

/// One entry of a transaction's authorization list: carried, not interpreted.
public struct DelegationEntry: Sendable, Hashable {
  public var chainID: UInt256
  public var address: Address
  public var nonce: UInt64
  public var signature: [UInt8]

  public init(chainID: UInt256, address: Address, nonce: UInt64, signature: [UInt8]) {
    self.chainID = chainID
    self.address = address
    self.nonce = nonce
    self.signature = signature
  }
}
