/// Why a state file was not loaded.
public enum DevnetStateError: Error, Sendable, Hashable {
  case unreadable(String)
  case unknownVersion(Int64?)
  /// The file is of the chain with this id.
  case otherChain(UInt64)
}
