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

  /// What keeps a second store away from a database file: a lock on `<file>.lock`, one on the file itself, whatever its names are,
  /// and a list of the files that are open in this process.
  ///
  /// Nothing of ours gives the database another inode: the log is moved into the same file, and it is never rewritten as another.
  final class StoreLock: Sendable {
    /// The databases that are open in this process. To close any descriptor of a file drops all the record locks that the process
    /// has on it, SQLite's too: what is in here is not even opened for a look.
    private static let openFiles = Mutex<Set<FileIdentity>>([])

    private let name: FileLock
    private let identity: FileIdentity
    /// Of the database itself; `nil` once released.
    private let descriptor: Mutex<Int32?>

    /// Locks the file, and makes it (empty, mode 600) when it is missing. When this throws, nothing was made.
    ///
    /// - Parameter inspect: looks at the file from outside; throws when it must not be touched. Called before anything is made, and
    ///   again when nobody else can come in.
    /// - Throws: `StoreError`: `locked`, `unavailable`, and what `inspect` throws.
    static func acquire(
      _ path: String, inspect: () throws(StoreError) -> Void
    ) throws(StoreError) -> StoreLock {
      try openFiles.withLock { openFiles throws(StoreError) in
        if let identity = FileIdentity(path: path), openFiles.contains(identity) { throw inUse(path) }
        try inspect()
        let name = try FileLock(forFile: path)
        do throws(StoreError) {
          try inspect()
          let lock = try StoreLock(path, name)
          openFiles.insert(lock.identity)
          return lock
        } catch {
          name.removeIfNew()
          name.release()
          throw error
        }
      }
    }

    private init(_ path: String, _ name: FileLock) throws(StoreError) {
      var descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      if descriptor < 0, errno == EEXIST { descriptor = open(path, O_RDONLY | O_CLOEXEC) }
      guard descriptor >= 0 else {
        throw StoreError(.unavailable, "cannot open \(path)", underlying: String(cString: strerror(errno)))
      }
      guard let identity = FileIdentity(descriptor: descriptor), Self.lock(descriptor) else {
        _ = FileLock.closeDescriptor(descriptor)
        throw Self.inUse(path)
      }
      guard !identity.hasOtherNames else {
        _ = FileLock.closeDescriptor(descriptor)
        throw StoreError(
          .unavailable,
          "\(path) has another name (a hard link), and what is not in it yet lies beside one of the two; remove the other"
        )
      }
      self.name = name
      self.identity = identity
      self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    static func inUse(_ path: String) -> StoreError {
      StoreError(.locked, "\(path) is in use by another process or another instance; only one may open it")
    }

    /// `false`: somebody else has it. A file system that cannot do it leaves the other lock as the only one.
    private static func lock(_ descriptor: Int32) -> Bool {
      #if canImport(Darwin)
        // There such a lock and SQLite's record locks exclude each other.
        return true
      #else
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
      #endif
    }

    /// Takes away the lock file if the opening made it; for one that failed. Before ``release()``.
    func removeIfNew() { name.removeIfNew() }

    /// Lets others in. Only after SQLite has closed its own descriptors.
    func release() {
      descriptor.withLock { descriptor in
        guard let open = descriptor else { return }
        _ = flock(open, LOCK_UN)
        _ = FileLock.closeDescriptor(open)
        descriptor = nil
        // Only now may this process open it again.
        _ = Self.openFiles.withLock { $0.remove(identity) }
        name.release()
      }
    }
  }
#endif
