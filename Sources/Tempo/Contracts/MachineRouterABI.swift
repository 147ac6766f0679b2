public import EVM

/// Settlement of sessions in the machine token (`02` §10.3). Only the encodings are known.
public enum MachineRouterABI {
  public static let settleSession = ABIFunction(
    "settleSession", [ChannelReserveABI.descriptorType, .uint96, .bytes, .bytes])
  public static let closeSession = ABIFunction(
    "closeSession", [ChannelReserveABI.descriptorType, .uint96, .bytes, .bytes, .bytes])
  public static let functions = [settleSession, closeSession]
}
