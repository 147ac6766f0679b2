#if SQLite
  import Dispatch
  import Foundation
  import GRDB
  import MPPServer
  import Synchronization

  /// The thread that owns a database. It takes everything that waits, runs it in one transaction with a savepoint for each piece
  /// of work, commits, and reports to everybody: one `fdatasync` for as many as came together.
  final class SQLiteWriter: Sendable {
    /// Runs a piece of work and gives the report to make when the transaction has ended: with `nil` after a commit, with the
    /// error when nothing of the batch was kept. A thrown error undoes this piece of work alone.
    typealias Work = @Sendable (PreparedStatements) throws -> Report
    typealias Report = @Sendable (StoreError?) -> Void

    struct Job: Sendable {
      /// Changes nothing, so there is nothing to undo.
      var isReading = false
      /// How many changes have come in for this work; it takes them when it runs. Asked by the thread to see whether it is worth
      /// to wait for more.
      var gathered: (@Sendable () -> Int)?
      let work: Work
      /// For work that failed, or never ran.
      let refuse: @Sendable (StoreError) -> Void
    }

    private struct State {
      var jobs: [Job] = []
      var isSleeping = false
      var isClosing = false
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
      let (refusal, isSleeping): (StoreError?, Bool) = state.withLock { state in
        if state.isClosing { return (StoreError(.closed, "\(path) is closed"), false) }
        if state.jobs.count >= Self.queueLimit, !isAdmitted {
          return (StoreError(.overloaded, "too much work waits for \(path)"), false)
        }
        state.jobs.append(job)
        let wasSleeping = state.isSleeping
        state.isSleeping = false
        return (nil, wasSleeping)
      }
      if let refusal { job.refuse(refusal) }
      if isSleeping { wake.signal() }
    }

    /// Asks the thread to end when everything that waits is done.
    func beginClosing() {
      let isSleeping = state.withLock { state in
        state.isClosing = true
        let wasSleeping = state.isSleeping
        state.isSleeping = false
        return wasSleeping
      }
      if isSleeping { wake.signal() }
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
        state.isClosing = true
        let jobs = state.jobs
        state.jobs = []
        return jobs
      }
      for job in jobs { job.refuse(error) }
    }

    private func serve(_ statements: PreparedStatements) {
      var gathering = Gathering()
      while true {
        var (jobs, isClosing) = takeJobs()
        if !jobs.isEmpty {
          if let gathered = jobs.first(where: { $0.gathered != nil })?.gathered, !isClosing {
            gathering.wait(gathered, sleep: { sleep(.nanoseconds(Int($0))) })
            jobs += takeJobs().jobs
          }
          perform(jobs, statements)
          if statements.logPages >= Self.pagesBeforeCheckpoint { statements.checkpoint() }
          continue
        }
        if isClosing { return }
        guard statements.logPages > 0 else {
          wake.wait()
          continue
        }
        if wake.wait(timeout: .now() + Self.idleBeforeCheckpoint) == .timedOut {
          state.withLock { $0.isSleeping = false }
          statements.checkpoint()
        }
      }
    }

    /// Everything that waits. When nothing does, the caller sleeps next.
    private func takeJobs() -> (jobs: [Job], isClosing: Bool) {
      state.withLock { state in
        let jobs = state.jobs
        state.jobs = []
        state.isSleeping = jobs.isEmpty && !state.isClosing
        return (jobs, state.isClosing)
      }
    }

    /// Lets a part of a millisecond pass. `false`: something else wants to be done.
    private func sleep(_ time: DispatchTimeInterval) -> Bool {
      let isFree = state.withLock { state in
        state.isSleeping = state.jobs.isEmpty && !state.isClosing
        return state.isSleeping
      }
      guard isFree else { return false }
      let wasUndisturbed = wake.wait(timeout: .now() + time) == .timedOut
      state.withLock { $0.isSleeping = false }
      return wasUndisturbed
    }

    private func perform(_ jobs: [Job], _ statements: PreparedStatements) {
      var reports: [Report] = []
      reports.reserveCapacity(jobs.count)
      do {
        try statements.inTransaction {
          for job in jobs {
            guard statements.isInsideTransaction else {
              // SQLite gave up the whole transaction, for example because the disk is full.
              throw StoreError(.unavailable, "\(path) gave up a transaction")
            }
            guard jobs.count > 1, !job.isReading else {
              do {
                reports.append(try job.work(statements))
              } catch  where job.isReading && statements.isInsideTransaction {
                reports.append(refusal(job, error))
              }
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
