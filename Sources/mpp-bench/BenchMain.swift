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
  /// Not on the main actor: every `await` from there would hop executors, which costs more than most of what is measured. And not
  /// as an asynchronous `main`: that one ends the first thread, which valgrind 3.19 does not survive.
  nonisolated static func main() {
    signal(SIGPIPE, SIG_IGN)
    umask(0o077)
    Task.detached {
      await BenchCommand.main()
      exit(0)
    }
    while true { pause() }
  }
}
