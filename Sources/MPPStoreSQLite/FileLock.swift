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
  /// The lock file stays: removing it would let two processes lock two different files of the same name.
  final class FileLock: Sendable {
    /// `nil` once released.
    private let descriptor: Mutex<Int32?>

    /// - Throws: `StoreError` with code `locked` when somebody else has the lock, `unavailable` when the lock file cannot be made.
    init(forFile path: String) throws(StoreError) {
      let name = path + ".lock"
      // Not inherited by child processes: a child must not keep the ledger locked.
      let descriptor = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else {
        throw StoreError(.unavailable, "cannot open \(name)", underlying: String(cString: strerror(errno)))
      }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        let code = errno
        _ = Self.closeDescriptor(descriptor)
        guard code == EWOULDBLOCK else {
          throw StoreError(.unavailable, "cannot lock \(name)", underlying: String(cString: strerror(code)))
        }
        throw StoreError(
          .locked, "\(path) is in use by another process or another instance; only one may open it")
      }
      self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

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

    private static func closeDescriptor(_ descriptor: Int32) -> Int32 { close(descriptor) }
  }
#endif
