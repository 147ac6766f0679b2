import Synchronization

/// Says on stderr what is going on once something takes longer than a second: a living line on a terminal,
/// else a line now and then.
final class Progress: Sendable {
  private let text: @Sendable () -> String
  private let isShown = Mutex(false)

  private init(_ text: @escaping @Sendable () -> String) { self.text = text }

  /// Runs the work; `text` is asked whenever a line is due.
  static func during<T: Sendable>(
    isEnabled: Bool = true, _ text: @escaping @Sendable () -> String,
    work body: @escaping @Sendable () async throws -> T
  ) async throws -> T {
    guard isEnabled else { return try await body() }
    let progress = Progress(text)
    let ticker = Task { await progress.tick() }
    defer {
      ticker.cancel()
      progress.clear()
    }
    return try await body()
  }

  private func tick() async {
    let isTerminal = Output.isErrorTerminal
    var seconds = 0
    while true {
      do { try await Task.sleep(for: .seconds(1)) } catch { return }
      seconds += 1
      if isTerminal {
        show(seconds)
      } else if seconds == 1 || seconds.isMultiple(of: 10) {
        Output.note("mpp: \(text()) (\(seconds) s)")
      }
    }
  }

  private func show(_ seconds: Int) {
    isShown.withLock { isShown in
      guard !Task.isCancelled else { return }
      isShown = true
      Output.transient("mpp: \(text()) (\(seconds) s)")
    }
  }

  private func clear() {
    isShown.withLock { if $0 { Output.transient("") } }
  }
}
