public import EVM

/// Settlement of sessions in the machine token (`02` §10.3). Only the encodings are known.
public enum MachineRouterABI {
  /// `(descriptor, cumulativeAmount, signature, authorizationSignature)`
  public static let settleSession = ABIFunction(
    "settleSession", [ChannelReserveABI.descriptorType, .uint96, .bytes, .bytes])
  /// `(descriptor, cumulativeAmount, signature, authorizationSignature, refundSignature)`
  public static let closeSession = ABIFunction(
    "closeSession", [ChannelReserveABI.descriptorType, .uint96, .bytes, .bytes, .bytes])
  /// The functions above.
  public static let functions = [settleSession, closeSession]
}
