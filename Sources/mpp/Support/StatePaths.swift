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
    if let given {
      // A file that exists may be open to others; its content is nobody else's business.
      if access(given, F_OK) == 0, chmod(given, 0o600) != 0 {
        throw CommandFailure(.stateInvalid, "\(given) is not yours to use", hint: "name another file")
      }
      return given
    }
    let root = Environment.value("XDG_STATE_HOME") ?? Environment.value("HOME").map { $0 + "/.local/state" }
    guard let root, root.hasPrefix("/") else {
      throw CommandFailure(
        .usage, "there is no folder for \(name): neither XDG_STATE_HOME nor HOME is set", hint: "name a file")
    }
    let folder = root + "/mpp"
    try makeFolder(folder)
    guard chmod(folder, 0o700) == 0 else {
      throw CommandFailure(.stateInvalid, "\(folder) is not yours to use", hint: "name a file elsewhere")
    }
    return folder + "/" + name
  }

  private static func makeFolder(_ path: String) throws(CommandFailure) {
    var current = ""
    for part in path.split(separator: "/") {
      current += "/" + part
      guard mkdir(current, 0o700) == 0 || errno == EEXIST else {
        throw CommandFailure(
          .stateInvalid, "cannot make the folder \(current)", hint: "name a file elsewhere")
      }
    }
  }
}
