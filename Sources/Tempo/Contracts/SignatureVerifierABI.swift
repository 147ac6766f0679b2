public import EVM

/// The precompile that verifies signatures (TIP-1020).
public enum SignatureVerifierABI {
  public static let recover = ABIFunction("recover", [.bytes32, .bytes], returns: [.address])
  public static let verify = ABIFunction("verify", [.address, .bytes32, .bytes], returns: [.bool])
  public static let verifyKeychain = ABIFunction(
    "verifyKeychain", [.address, .bytes32, .bytes], returns: [.bool])
  public static let verifyKeychainAdmin = ABIFunction(
    "verifyKeychainAdmin", [.address, .bytes32, .bytes], returns: [.bool])
  public static let functions = [recover, verify, verifyKeychain, verifyKeychainAdmin]
}
