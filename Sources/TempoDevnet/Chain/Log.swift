import EVM

/// The topics of the events this chain writes.
enum Topic {
  static let transfer = Keccak256.hash(utf8: "Transfer(address,address,uint256)")
  static let transferWithMemo = Keccak256.hash(utf8: "TransferWithMemo(address,address,uint256,bytes32)")
  static let approval = Keccak256.hash(utf8: "Approval(address,address,uint256)")
  static let mint = Keccak256.hash(utf8: "Mint(address,uint256)")
  static let burn = Keccak256.hash(utf8: "Burn(address,uint256)")
  static let pauseStateUpdate = Keccak256.hash(utf8: "PauseStateUpdate(address,bool)")
  static let roleMembershipUpdated = Keccak256.hash(
    utf8: "RoleMembershipUpdated(bytes32,address,address,bool)")
  static let liquidityMint = Keccak256.hash(
    utf8: "Mint(address,address,address,address,uint256,uint256)")
  static let userTokenSet = Keccak256.hash(utf8: "UserTokenSet(address,address)")
  static let nonceIncremented = Keccak256.hash(utf8: "NonceIncremented(address,uint256,uint64)")
  static let channelOpened = Keccak256.hash(
    utf8: "ChannelOpened(bytes32,address,address,address,address,address,bytes32,bytes32,uint96)")
  static let settled = Keccak256.hash(utf8: "Settled(bytes32,address,address,uint96,uint96,uint96)")
  static let topUp = Keccak256.hash(utf8: "TopUp(bytes32,address,address,uint96,uint96)")
  static let closeRequested = Keccak256.hash(utf8: "CloseRequested(bytes32,address,address,uint256)")
  static let closeRequestCancelled = Keccak256.hash(utf8: "CloseRequestCancelled(bytes32,address,address)")
  static let keyAuthorized = Keccak256.hash(utf8: "KeyAuthorized(address,address,uint8,uint64)")
  static let adminKeyAuthorized = Keccak256.hash(utf8: "AdminKeyAuthorized(address,address)")
  static let keyRevoked = Keccak256.hash(utf8: "KeyRevoked(address,address)")
  static let spendingLimitUpdated = Keccak256.hash(
    utf8: "SpendingLimitUpdated(address,address,address,uint256)")
  static let accessKeySpend = Keccak256.hash(
    utf8: "AccessKeySpend(address,address,address,uint256,uint256)")
  static let keyAuthorizationWitness = Keccak256.hash(utf8: "KeyAuthorizationWitness(address,bytes32)")
  static let keyAuthorizationWitnessBurned = Keccak256.hash(
    utf8: "KeyAuthorizationWitnessBurned(address,bytes32)")
  static let legacyOpened = Keccak256.hash(
    utf8: "ChannelOpened(bytes32,address,address,address,address,bytes32,uint256)")
  static let legacySettled = Keccak256.hash(
    utf8: "Settled(bytes32,address,address,uint256,uint256,uint256)")
  static let legacyTopUp = Keccak256.hash(utf8: "TopUp(bytes32,address,address,uint256,uint256)")
  static let legacyClosed = Keccak256.hash(
    utf8: "ChannelClosed(bytes32,address,address,uint256,uint256)")
  static let legacyExpired = Keccak256.hash(utf8: "ChannelExpired(bytes32,address,address)")
  static let channelClosed = Keccak256.hash(utf8: "ChannelClosed(bytes32,address,address,uint96,uint96)")
}
