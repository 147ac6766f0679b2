#if SQLite
  import MPPServer
  import Synchronization

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// An exclusive lock on `<file>.lock`, kept until released or until the process ends, however it ends.
  ///
  /// The lock file of a store stays: it is taken away only by the opening that made it, when that opening fails.
  final class FileLock: Sendable {
    private let name: String
    /// The file was not there before.
    private let isNew: Bool
    /// `nil` once released.
    private let descriptor: Mutex<Int32?>

    /// - Throws: `StoreError` with code `locked` when somebody else has the lock, `unavailable` when the lock file cannot be made.
    init(forFile path: String) throws(StoreError) {
      name = path + ".lock"
      // Somebody who has failed may take the file away just now.
      for _ in 0..<8 {
        guard let (opened, isNew) = try Self.openFile(name) else { continue }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
          let code = errno
          _ = Self.closeDescriptor(opened)
          guard code == EWOULDBLOCK else {
            throw StoreError(.unavailable, "cannot lock \(name)", underlying: String(cString: strerror(code)))
          }
          throw StoreLock.inUse(path)
        }
        // A lock on a file that has no name any more would keep nobody out.
        if let named = FileIdentity(path: name), named == FileIdentity(descriptor: opened) {
          self.isNew = isNew
          descriptor = Mutex(opened)
          return
        }
        _ = Self.closeDescriptor(opened)
      }
      throw StoreLock.inUse(path)
    }

    deinit { release() }

    /// Opens the file or makes it; `nil` when it went away in between.
    private static func openFile(_ name: String) throws(StoreError) -> (descriptor: Int32, isNew: Bool)? {
      // Not inherited by child processes: a child must not keep the ledger locked.
      var descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      if descriptor >= 0 { return (descriptor, true) }
      if errno == EEXIST { descriptor = open(name, O_RDWR | O_CLOEXEC) }
      if descriptor >= 0 { return (descriptor, false) }
      if errno == ENOENT { return nil }
      throw StoreError(.unavailable, "cannot open \(name)", underlying: String(cString: strerror(errno)))
    }

    /// Takes the file away when this lock made it.
    func removeIfNew() {
      descriptor.withLock { descriptor in
        if descriptor != nil, isNew { unlink(name) }
      }
    }

    /// Lets others in. Unlocked explicitly, not only closed: a child process that is just being started may have a copy of
    /// the descriptor for a moment.
    func release() {
      descriptor.withLock { descriptor in
        guard let open = descriptor else { return }
        _ = flock(open, LOCK_UN)
        _ = Self.closeDescriptor(open)
        descriptor = nil
      }
    }

    /// `close`, which names something else where a lock is released.
    static func closeDescriptor(_ descriptor: Int32) -> Int32 { close(descriptor) }
  }
#endif
