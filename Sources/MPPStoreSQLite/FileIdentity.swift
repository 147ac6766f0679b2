#if SQLite
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// Which file it is, whatever its names are.
  struct FileIdentity: Hashable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    /// Not a folder, a pipe or a device.
    let isRegular: Bool
    /// Hard links. Changes while it is the same file.
    let hasOtherNames: Bool

    /// What is at `path`, without opening it; `nil` when there is nothing.
    init?(path: String) {
      var information = stat()
      guard stat(path, &information) == 0 else { return nil }
      self.init(information)
    }

    init?(descriptor: Int32) {
      var information = stat()
      guard fstat(descriptor, &information) == 0 else { return nil }
      self.init(information)
    }

    static func == (left: FileIdentity, right: FileIdentity) -> Bool {
      left.device == right.device && left.inode == right.inode
    }

    func hash(into hasher: inout Hasher) {
      hasher.combine(device)
      hasher.combine(inode)
    }

    private init(_ information: stat) {
      device = UInt64(truncatingIfNeeded: information.st_dev)
      inode = UInt64(truncatingIfNeeded: information.st_ino)
      isRegular = information.st_mode & S_IFMT == S_IFREG
      hasOtherNames = information.st_nlink > 1
    }
  }
#endif
