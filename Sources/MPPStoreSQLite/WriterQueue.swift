#if SQLite
  /// What waits for the thread of a file, and whether the thread has to be woken for it.
  ///
  /// A signal is asked for only while the thread sleeps or is about to: one that nobody waits for would end its next sleep at once.
  struct WriterQueue<Job> {
    enum Admission {
      case accepted(wakes: Bool)
      case full
      case closing
    }

    private(set) var isClosing = false
    private var jobs: [Job] = []
    private var isSleeping = false

    /// - Parameter limit: how many may wait; `nil` for as many as come.
    mutating func add(_ job: Job, limit: Int?) -> Admission {
      guard !isClosing else { return .closing }
      if let limit, jobs.count >= limit { return .full }
      jobs.append(job)
      return .accepted(wakes: wakes())
    }

    /// Nothing is accepted any more.
    /// - Returns: whether the thread has to be woken.
    mutating func close() -> Bool {
      isClosing = true
      return wakes()
    }

    /// Everything that waits. The thread goes on, whatever it gets.
    mutating func take() -> [Job] {
      defer { jobs = [] }
      return jobs
    }

    /// - Returns: `false` when there is something to do. `true`: the thread has to sleep now.
    mutating func sleep() -> Bool {
      isSleeping = jobs.isEmpty && !isClosing
      return isSleeping
    }

    /// The thread has woken by itself.
    /// - Returns: whether somebody woke it at the same time: then the signal is there or comes, and has to be taken.
    mutating func wakeUp() -> Bool {
      defer { isSleeping = false }
      return !isSleeping
    }

    private mutating func wakes() -> Bool {
      defer { isSleeping = false }
      return isSleeping
    }
  }
#endif
