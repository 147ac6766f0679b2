import ArgumentParser

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@main
struct BenchMain {
  /// Not on the main actor: every `await` from there would hop executors, which costs more than most of what is measured.
  nonisolated static func main() async {
    signal(SIGPIPE, SIG_IGN)
    umask(0o077)
    await BenchCommand.main()
  }
}
