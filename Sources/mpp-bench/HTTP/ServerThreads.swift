import ArgumentParser

/// How the threads of a server share its processor.
struct ServerThreads: ParsableArguments {
  @Flag(help: "Run the tasks of the servers on the event loop's thread instead of threads of their own.")
  var onEventLoop = false
  @Flag(help: "A thread of a server that wakes does not interrupt another one (Linux: SCHED_BATCH).")
  var batchScheduling = false

  /// As they are given on a command line.
  var arguments: [String] {
    (onEventLoop ? ["--on-event-loop"] : []) + (batchScheduling ? ["--batch-scheduling"] : [])
  }
}
