/// Why a state file was not loaded.
public enum DevnetStateError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Not a state file, or damaged.
  case unreadable(String)
  /// Written by another version of the format; nil when it names none.
  case unknownVersion(Int64?)
  /// The file is of the chain with this id.
  case otherChain(UInt64)

  public var description: String {
    switch self {
    case .unreadable(let reason): "the state file cannot be read: \(reason)"
    case .unknownVersion(let version):
      "the state file has version \(version.map(String.init) ?? "none"), which is not known here"
    case .otherChain(let chainID): "the state file is of the chain with id \(chainID)"
    }
  }
}
