public import EVM

/// One call of a Tempo transaction. All calls of a transaction succeed together or not at all (`02` §5.1).
public struct Call: Sendable, Hashable {
  /// `nil` creates a contract.
  public var to: Address?
  /// Native value; the chain accepts only zero.
  public var value: UInt256
  /// Calldata, at most ``TransactionLimits/callData`` bytes.
  public var data: [UInt8]

  /// - Parameter to: nil creates a contract.
  public init(to: Address?, value: UInt256 = .zero, data: [UInt8] = []) {
    self.to = to
    self.value = value
    self.data = data
  }
}

/// One entry of an access list.
public struct AccessListEntry: Sendable, Hashable {
  /// The contract whose storage is listed.
  public var address: Address
  /// Slots that are warm from the start.
  public var storageKeys: [Hash32]

  /// Nothing is checked; ``TransactionLimits`` bound the list when it is parsed.
  public init(address: Address, storageKeys: [Hash32] = []) {
    self.address = address
    self.storageKeys = storageKeys
  }
}

/// One entry of a transaction's authorization list: carried, not interpreted.
public struct DelegationEntry: Sendable, Hashable {
  /// As it came; zero stands for any chain.
  public var chainID: UInt256
  /// The code the signer's account would delegate to.
  public var address: Address
  /// Of the account that signed.
  public var nonce: UInt64
  /// As it came; not verified.
  public var signature: [UInt8]

  /// Nothing is checked.
  public init(chainID: UInt256, address: Address, nonce: UInt64, signature: [UInt8]) {
    self.chainID = chainID
    self.address = address
    self.nonce = nonce
    self.signature = signature
  }
}
