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
    typealias Work = @Sendable (Database) throws -> Report
    typealias Report = @Sendable (StoreError?) -> Void

    struct Job: Sendable {
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

    func submit(_ job: Job) {
      let (refusal, isSleeping): (StoreError?, Bool) = state.withLock { state in
        if state.isClosing { return (StoreError(.closed, "\(path) is closed"), false) }
        if state.jobs.count >= Self.queueLimit {
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
      var hasLog = false
      while true {
        let (jobs, isClosing): ([Job], Bool) = state.withLock { state in
          let jobs = state.jobs
          state.jobs = []
          state.isSleeping = jobs.isEmpty && !state.isClosing
          return (jobs, state.isClosing)
        }
        if !jobs.isEmpty {
          perform(jobs, database)
          hasLog = true
          continue
        }
        if isClosing { break }
        guard hasLog else {
          wake.wait()
          continue
        }
        if wake.wait(timeout: .now() + Self.idleBeforeCheckpoint) == .timedOut {
          state.withLock { $0.isSleeping = false }
          checkpoint(database)
          hasLog = false
        }
      }
      // Closing the last connection moves the log into the file; what fails here is found and repaired at the next opening.
      try? database.close()
    }

    /// A failed checkpoint loses nothing: the log stays, and is tried again.
    private func checkpoint(_ database: DatabaseQueue) {
      _ = try? database.writeWithoutTransaction { try $0.checkpoint(.passive) }
    }

    private func perform(_ jobs: [Job], _ database: DatabaseQueue) {
      var reports: [(job: Job, report: Report)] = []
      var failure: StoreError?
      do {
        try database.writeWithoutTransaction { database in
          try database.inTransaction(.immediate) {
            for job in jobs {
              guard database.isInsideTransaction else {
                // SQLite gave up the whole transaction, for example because the disk is full.
                throw StoreError(.unavailable, "\(path) gave up a transaction")
              }
              do {
                try database.inSavepoint {
                  reports.append((job, try job.work(database)))
                  return .commit
                }
              } catch {
                if !database.isInsideTransaction { throw error }
                let refusal = SQLiteErrors.storeError(error, path)
                reports.append((job, { _ in job.refuse(refusal) }))
              }
            }
            return .commit
          }
        }
      } catch {
        failure = SQLiteErrors.storeError(error, path)
      }
      for (_, report) in reports where failure == nil { report(nil) }
      if let failure {
        for job in jobs { job.refuse(failure) }
      }
    }
  }
#endif
