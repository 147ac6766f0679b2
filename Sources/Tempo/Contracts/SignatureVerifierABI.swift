public import EVM

/// The precompile that verifies signatures (TIP-1020).
public enum SignatureVerifierABI {
  /// `(digest, signature)` → the address of the key that signed; reverts when none did.
  public static let recover = ABIFunction("recover", [.bytes32, .bytes], returns: [.address])
  /// `(signer, digest, signature)` → whether this key signed.
  public static let verify = ABIFunction("verify", [.address, .bytes32, .bytes], returns: [.bool])
  /// As ``verify``, for a signature by an access key of the account.
  public static let verifyKeychain = ABIFunction(
    "verifyKeychain", [.address, .bytes32, .bytes], returns: [.bool])
  /// As ``verifyKeychain``, for admin keys alone.
  public static let verifyKeychainAdmin = ABIFunction(
    "verifyKeychainAdmin", [.address, .bytes32, .bytes], returns: [.bool])
  /// The functions above.
  public static let functions = [recover, verify, verifyKeychain, verifyKeychainAdmin]
}
