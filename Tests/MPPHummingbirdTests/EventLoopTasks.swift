import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// Where the tasks of a server's connections run.
enum TaskPlace: Sendable, CaseIterable {
  case pool, eventLoop

  var server: HTTPServerBuilder {
    switch self {
    case .pool: .http1()
    case .eventLoop: HTTPServerBuilder { EventLoopTasks(base: HTTP1Channel(responder: $0)) }
    }
  }
}

/// Connections whose tasks run on the thread of their event loop, where a response is written at once instead of being queued for it.
private struct EventLoopTasks<Base: ServerChildChannel>: ServerChildChannel {
  let base: Base

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
    base.setup(channel: channel, logger: logger)
  }

  func handle(value: Base.Value, logger: Logger) async {
    await withTaskExecutorPreference(Executor(loop: value.channel.eventLoop)) {
      await base.handle(value: value, logger: logger)
    }
  }

  private final class Executor: TaskExecutor {
    private let loop: any EventLoop

    init(loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      loop.execute { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
  }
}
