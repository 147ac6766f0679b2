import Foundation
import MPPCore
import Synchronization

/// A program started by a test: its lines, its exit, and the certainty that it is gone when the test ends.
///
/// Use ``run(_:_:environment:_:)`` wherever possible. Waits end when the child says or does something, or when
/// the test's task is cancelled (give tests a `.timeLimit`); nothing sleeps.
final class ChildProcess: Sendable {
  enum Exit: Equatable, Sendable {
    case code(Int32)
    case signal(Int32)
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  let processID: pid_t
  private let output: AsyncStream<String>
  private let errors: AsyncStream<String>
  private let transcripts = Mutex<(output: [String], errors: [String])>(([], []))
  private let exit = Mutex(ExitState())
  /// Nil when closed.
  private let input: Mutex<Int32?>

  private struct ExitState {
    var exit: Exit?
    var waiters: [CheckedContinuation<Exit, Never>] = []
  }

  /// Starts a program, hands it to `body`, and kills it afterwards, however `body` ends.
  static func run<T>(
    _ executable: String, _ arguments: [String], environment: [String: String] = [:],
    _ body: (ChildProcess) async throws -> T
  ) async throws -> T {
    let child = try ChildProcess(executable, arguments, environment: environment)
    do {
      let result = try await body(child)
      await child.end()
      return result
    } catch {
      await child.end()
      throw error
    }
  }

  /// The environment is what is given here and nothing else, besides `PATH` and the search path of libraries.
  init(_ executable: String, _ arguments: [String], environment: [String: String] = [:]) throws {
    var variables = environment
    for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH", "LLVM_PROFILE_FILE"] {
      variables[name] = variables[name] ?? ProcessInfo.processInfo.environment[name]
    }
    let pipes = (input: try Pipe(), output: try Pipe(), errors: try Pipe())
    processID = try Self.spawn(
      [executable] + arguments, variables.map { "\($0.key)=\($0.value)" },
      [pipes.input.reading, pipes.output.writing, pipes.errors.writing])
    for descriptor in [pipes.input.reading, pipes.output.writing, pipes.errors.writing] { close(descriptor) }
    input = Mutex(pipes.input.writing)
    let (output, outputEnd) = AsyncStream<String>.makeStream()
    let (errors, errorsEnd) = AsyncStream<String>.makeStream()
    self.output = output
    self.errors = errors
    ChildRegistry.add(processID)
    Self.readLines(pipes.output.reading) { [self] line in
      transcripts.withLock { $0.output.append(line) }
      outputEnd.yield(line)
    } end: {
      outputEnd.finish()
    }
    Self.readLines(pipes.errors.reading) { [self] line in
      transcripts.withLock { $0.errors.append(line) }
      errorsEnd.yield(line)
    } end: {
      errorsEnd.finish()
    }
    Thread.detachNewThread { [self] in awaitExit() }
  }

  // MARK: Talking

  /// The next line of stdout; `nil` at its end. One caller at a time.
  func nextLine() async -> String? {
    for await line in output { return line }
    return nil
  }

  /// The next line of stderr; `nil` at its end. One caller at a time.
  func nextErrorLine() async -> String? {
    for await line in errors { return line }
    return nil
  }

  /// Writes to stdin from a thread of its own, so that a child that answers while it reads cannot stop both, and
  /// closes it.
  func sendAll(_ bytes: [UInt8]) {
    Thread.detachNewThread { [self] in
      // A child that does not read any more is an error of `write`, not the end of the tests.
      var signals = sigset_t()
      sigemptyset(&signals)
      sigaddset(&signals, SIGPIPE)
      pthread_sigmask(SIG_BLOCK, &signals, nil)
      var sent = 0
      while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes { rest in
          input.withLock { $0.map { write($0, rest.baseAddress, rest.count) } ?? -1 }
        }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        sent += count
      }
      closeInput()
    }
  }

  private func closeInput() {
    input.withLock { descriptor in
      if let descriptor { close(descriptor) }
      descriptor = nil
    }
  }

  /// Skips lines of stdout up to one that is a JSON object with this `event`.
  /// - Throws: when stdout ends before, with everything that was said.
  func event(_ name: String) async throws -> JSONValue {
    while let line = await nextLine() {
      guard line.hasPrefix("{"), let value = try? JSONValue(parsing: line) else { continue }
      if value["event"]?.stringValue == name { return value }
    }
    throw Failure(description: "no event \(name) from process \(processID)\n\(transcript)")
  }

  /// The `url` of the ready line.
  func readyURL() async throws -> String {
    let ready = try await event("ready")
    guard let url = ready["url"]?.stringValue else {
      throw Failure(description: "no url in \(ready.serialized())")
    }
    return url
  }

  /// Everything said so far, also what was read line by line.
  var transcript: String {
    transcripts.withLock {
      "stdout:\n\($0.output.joined(separator: "\n"))\nstderr:\n\($0.errors.joined(separator: "\n"))"
    }
  }
  var outputLines: [String] { transcripts.withLock { $0.output } }
  var errorLines: [String] { transcripts.withLock { $0.errors } }

  // MARK: Ending

  var isRunning: Bool { exit.withLock { $0.exit == nil } }

  /// Sends a signal, unless the process has ended (its number may belong to somebody else by then).
  func signal(_ number: Int32) {
    exit.withLock { state in
      if state.exit == nil { _ = kill(processID, number) }
    }
  }

  /// Waits for the end of the process and of its output. A cancelled wait kills the process.
  @discardableResult
  func wait() async -> Exit {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let ended = exit.withLock { state -> Exit? in
          if state.exit == nil { state.waiters.append(continuation) }
          return state.exit
        }
        if let ended { continuation.resume(returning: ended) }
      }
    } onCancel: {
      signal(SIGKILL)
    }
  }

  /// Reads both outputs to their ends and waits for the exit.
  func finish() async -> Exit {
    async let rest: Void = { while await nextErrorLine() != nil {} }()
    while await nextLine() != nil {}
    await rest
    return await wait()
  }

  private func end() async {
    signal(SIGKILL)
    await wait()
    closeInput()
  }

  private func awaitExit() {
    var info = siginfo_t()
    // The number stays taken until `waitpid` below, so that no signal can hit another process.
    while waitid(P_PID, id_t(processID), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
    let (ended, waiters) = exit.withLock { state in
      var status: Int32 = 0
      while waitpid(processID, &status, 0) < 0 && errno == EINTR {}
      let signal = status & 0x7f
      let ended = signal == 0 ? Exit.code((status >> 8) & 0xff) : .signal(signal)
      state.exit = ended
      defer { state.waiters = [] }
      return (ended, state.waiters)
    }
    ChildRegistry.remove(processID)
    for waiter in waiters { waiter.resume(returning: ended) }
  }
}

// MARK: - System calls

extension ChildProcess {
  private struct Pipe {
    let reading: Int32
    let writing: Int32

    init() throws {
      var ends: [Int32] = [-1, -1]
      guard pipe(&ends) == 0 else { throw Failure(description: "pipe: \(errno)") }
      // Children started at the same time must not keep each other's pipes open.
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      (reading, writing) = (ends[0], ends[1])
    }
  }

  private static func spawn(
    _ arguments: [String], _ environment: [String], _ descriptors: [Int32]
  ) throws -> pid_t {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    for (target, descriptor) in descriptors.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(target))
    }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for number in [SIGPIPE, SIGINT, SIGTERM] { sigaddset(&defaults, number) }
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
    let pointers = (arguments.map { strdup($0) } + [nil], environment.map { strdup($0) } + [nil])
    defer { for pointer in pointers.0 + pointers.1 { free(pointer) } }
    var processID: pid_t = 0
    let status = posix_spawn(&processID, arguments[0], &actions, &attributes, pointers.0, pointers.1)
    guard status == 0 else { throw Failure(description: "cannot start \(arguments[0]): error \(status)") }
    return processID
  }

  private static func readLines(
    _ descriptor: Int32, line: @escaping @Sendable (String) -> Void, end: @escaping @Sendable () -> Void
  ) {
    Thread.detachNewThread {
      var pending: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 64 * 1024)
      while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        pending += chunk[..<count]
        var start = 0
        while let newline = pending[start...].firstIndex(of: 0x0a) {
          line(String(decoding: pending[start..<newline], as: UTF8.self))
          start = newline + 1
        }
        pending.removeFirst(start)
      }
      if !pending.isEmpty { line(String(decoding: pending, as: UTF8.self)) }
      close(descriptor)
      end()
    }
  }
}

/// Children that run, so that none survives the test process.
enum ChildRegistry {
  private static let running = Mutex<Set<pid_t>>([])
  private static let installed: Bool = {
    atexit { ChildRegistry.killAll() }
    return true
  }()

  static func add(_ processID: pid_t) {
    _ = installed
    running.withLock { _ = $0.insert(processID) }
  }

  static func remove(_ processID: pid_t) { running.withLock { _ = $0.remove(processID) } }

  static func killAll() { running.withLock { for processID in $0 { kill(processID, SIGKILL) } } }
}
