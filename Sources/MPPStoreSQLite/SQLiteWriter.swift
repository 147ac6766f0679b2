#if SQLite
  import Dispatch
  import Foundation
  import GRDB
  import MPPServer
  import Synchronization

  /// The thread that owns a database. It takes everything that waits, runs what changes something in one transaction with a savepoint
  /// for each piece of work, commits, and reports to everybody: one `fdatasync` for as many as came together.
  final class SQLiteWriter: Sendable {
    /// Runs a piece of work and gives the report to make when the transaction has ended: with `nil` after a commit, with the
    /// error when nothing of the batch was kept. A thrown error undoes this piece of work alone.
    typealias Work = @Sendable (PreparedStatements) throws -> Report
    typealias Report = @Sendable (StoreError?) -> Void

    struct Job: Sendable {
      /// Changes nothing, and sees what came before it.
      var isReading = false
      /// How many changes have come in for this work; it takes them when it runs. Asked by the thread to see whether it is worth
      /// to wait for more.
      var gathered: (@Sendable () -> Int)?
      let work: Work
      /// For work that failed, or never ran.
      let refuse: @Sendable (StoreError) -> Void
    }

    private struct State {
      var queue = WriterQueue<Job>()
      var isClosed = false
      var closers: [CheckedContinuation<Void, Never>] = []
    }

    /// Pieces of work that may wait.
    private static let queueLimit = 65_536
    /// How long the thread is idle before it moves the log into the file.
    private static let idleBeforeCheckpoint = DispatchTimeInterval.milliseconds(250)
    /// Pages of 4 KiB in the log beyond which the thread moves it without being idle.
    private static let pagesBeforeCheckpoint = 4_000

    private let path: String
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    init(path: String) { self.path = path }

    /// Starts the thread; it keeps the lock until it has ended.
    func start(_ opened: SQLiteOpening.Opened) {
      let thread = Thread { [self] in
        run(opened.database)
        opened.lock.release()
        finishClosing()
      }
      thread.name = "mpp-sqlite"
      thread.start()
    }

    func submit(_ job: Job, isAdmitted: Bool = false) {
      switch state.withLock({ $0.queue.add(job, limit: isAdmitted ? nil : Self.queueLimit) }) {
      case .accepted(let wakes): if wakes { wake.signal() }
      case .full: job.refuse(StoreError(.overloaded, "too much work waits for \(path)"))
      case .closing: job.refuse(StoreError(.closed, "\(path) is closed"))
      }
    }

    /// Asks the thread to end when everything that waits is done.
    func beginClosing() {
      if state.withLock({ $0.queue.close() }) { wake.signal() }
    }

    /// Returns when the file is closed and the lock is free.
    func close() async {
      beginClosing()
      await withCheckedContinuation { continuation in
        let isClosed = state.withLock { state in
          if !state.isClosed { state.closers.append(continuation) }
          return state.isClosed
        }
        if isClosed { continuation.resume() }
      }
    }

    private func finishClosing() {
      let closers = state.withLock { state in
        state.isClosed = true
        let closers = state.closers
        state.closers = []
        return closers
      }
      for closer in closers { closer.resume() }
    }

    private func run(_ database: DatabaseQueue) {
      do {
        // For good: this thread is the only user of the connection.
        try database.writeWithoutTransaction { serve(try PreparedStatements($0)) }
      } catch {
        refuseAll(SQLiteErrors.storeError(error, path))
      }
      // Closing the last connection moves the log into the file; what fails here is found and repaired at the next opening.
      try? database.close()
    }

    private func refuseAll(_ error: StoreError) {
      let jobs = state.withLock { state in
        _ = state.queue.close()
        return state.queue.take()
      }
      for job in jobs { job.refuse(error) }
    }

    private func serve(_ statements: PreparedStatements) {
      var gathering = Gathering()
      while true {
        var (jobs, isClosing) = state.withLock { ($0.queue.take(), $0.queue.isClosing) }
        if !jobs.isEmpty {
          if let gathered = jobs.first(where: { $0.gathered != nil })?.gathered, !isClosing {
            gathering.wait(gathered, sleep: { sleep(.nanoseconds(Int($0))) })
            jobs += state.withLock { $0.queue.take() }
          }
          perform(jobs, statements)
          if statements.logPages >= Self.pagesBeforeCheckpoint { statements.checkpoint() }
          continue
        }
        if isClosing { return }
        guard statements.logPages > 0 else {
          if state.withLock({ $0.queue.sleep() }) { wake.wait() }
          continue
        }
        if sleep(Self.idleBeforeCheckpoint) { statements.checkpoint() }
      }
    }

    /// Lets some time pass. `false`: something wants to be done.
    private func sleep(_ time: DispatchTimeInterval) -> Bool {
      guard state.withLock({ $0.queue.sleep() }) else { return false }
      guard wake.wait(timeout: .now() + time) == .timedOut else { return false }
      guard state.withLock({ $0.queue.wakeUp() }) else { return true }
      wake.wait()
      return false
    }

    /// What only reads runs behind the transaction: SQLite gives up a whole transaction when a page of it cannot be read.
    private func perform(_ jobs: [Job], _ statements: PreparedStatements) {
      let changes = jobs.filter { !$0.isReading }
      if !changes.isEmpty { commit(changes, statements) }
      for job in jobs where job.isReading {
        do { try job.work(statements)(nil) } catch { job.refuse(SQLiteErrors.storeError(error, path)) }
      }
    }

    private func commit(_ jobs: [Job], _ statements: PreparedStatements) {
      var reports: [Report] = []
      reports.reserveCapacity(jobs.count)
      do {
        try statements.inTransaction {
          for job in jobs {
            guard statements.isInsideTransaction else {
              // SQLite gave up the whole transaction, for example because the disk is full.
              throw StoreError(.unavailable, "\(path) gave up a transaction")
            }
            guard jobs.count > 1 else {
              reports.append(try job.work(statements))
              continue
            }
            do {
              try statements.inSavepoint {
                reports.append(try job.work(statements))
                return true
              }
            } catch {
              if !statements.isInsideTransaction { throw error }
              reports.append(refusal(job, error))
            }
          }
        }
      } catch {
        let failure = SQLiteErrors.storeError(error, path)
        for job in jobs { job.refuse(failure) }
        return
      }
      for report in reports { report(nil) }
    }

    private func refusal(_ job: Job, _ error: any Error) -> Report {
      let refusal = SQLiteErrors.storeError(error, path)
      return { _ in job.refuse(refusal) }
    }
  }
#endif
