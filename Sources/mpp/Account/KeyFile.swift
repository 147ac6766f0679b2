import EVM
import MPPCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Writes the file of a new key: for its owner alone (mode 600), whole or not at all, and never over another.
enum KeyFile {
  static func write(_ key: Secp256k1PrivateKey, to path: String) throws(CommandFailure) {
    let draft = path + ".new-" + Hex.encodeUnprefixed(SystemRandomSource().fill(8))
    try writeDraft(Array((Hex.encode(key.rawRepresentation) + "\n").utf8), to: draft)
    // A link is made only where nothing is: unlike a rename it cannot replace a key.
    let isLinked = link(draft, path) == 0
    let reason = errno
    unlink(draft)
    guard isLinked else {
      guard reason == EEXIST else { throw failure(path, reason) }
      throw CommandFailure(
        .usage, "\(path) exists and was left as it is", hint: "name another file; a key is never overwritten")
    }
    syncFolder(of: path)
  }

  private static func writeDraft(_ bytes: [UInt8], to path: String) throws(CommandFailure) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure(path, errno) }
    var written = 0
    var error: Int32 = fchmod(descriptor, 0o600) == 0 ? 0 : errno
    while error == 0, written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { buffer in
        // The name alone would be this enumeration's own function.
        #if canImport(Glibc)
          Glibc.write(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
          Musl.write(descriptor, buffer.baseAddress, buffer.count)
        #else
          Darwin.write(descriptor, buffer.baseAddress, buffer.count)
        #endif
      }
      if count > 0 { written += count } else if errno != EINTR { error = errno }
    }
    if error == 0, fsync(descriptor) != 0 { error = errno }
    close(descriptor)
    guard error == 0 else {
      unlink(path)
      throw failure(path, error)
    }
  }

  private static func syncFolder(of path: String) {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  private static func failure(_ path: String, _ code: Int32) -> CommandFailure {
    CommandFailure(.usage, "cannot write \(path): \(String(cString: strerror(code)))")
  }
}
