#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The three descriptors every program is started with, or should be.
enum StandardDescriptors {
  /// Takes the numbers of those that are closed, in a way that their use fails: otherwise the next file or connection would get the
  /// number, and the journal what is meant for stdout.
  static func keepTaken() {
    for (descriptor, unusable) in [
      (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
    ] where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest number that is free is this one: those below are taken.
      _ = open("/dev/null", unusable)
    }
  }
}
