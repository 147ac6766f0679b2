#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where journals and ledgers live: `$XDG_STATE_HOME/mpp`, else `~/.local/state/mpp`, for this user alone.
enum StatePaths {
  /// The path given, with its folder as it is; or the default, with its folder made (mode 700).
  static func file(_ given: String?, default name: String) throws(CommandFailure) -> String {
    // Whether it is ours is for the store to find out; nothing about it changes before.
    if let given { return given }
    let root = Environment.value("XDG_STATE_HOME") ?? Environment.value("HOME").map { $0 + "/.local/state" }
    guard let root, root.hasPrefix("/") else {
      throw CommandFailure(
        .usage, "there is no folder for \(name): neither XDG_STATE_HOME nor HOME is set", hint: "name a file")
    }
    let folder = root + "/mpp"
    try makeFolder(folder)
    guard chmod(folder, 0o700) == 0 else {
      throw CommandFailure(
        .stateInvalid, "\(folder) cannot be kept private: \(reason)", hint: "name a file elsewhere")
    }
    return folder + "/" + name
  }

  /// Keeps a file that was opened and found to be ours from other users: it may have been made with another mode.
  static func keepPrivate(_ path: String) throws(CommandFailure) {
    guard chmod(path, 0o600) == 0 else {
      throw CommandFailure(
        .stateInvalid, "\(path) cannot be kept private: \(reason)", hint: "name another file")
    }
  }

  /// What the last call failed with.
  private static var reason: String { String(cString: strerror(errno)) }

  private static func makeFolder(_ path: String) throws(CommandFailure) {
    var current = ""
    for part in path.split(separator: "/") {
      current += "/" + part
      guard mkdir(current, 0o700) == 0 || errno == EEXIST else {
        throw CommandFailure(
          .stateInvalid, "cannot make the folder \(current): \(reason)", hint: "name a file elsewhere")
      }
    }
  }
}
