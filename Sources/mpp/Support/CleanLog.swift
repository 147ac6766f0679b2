import Logging

/// A log on stderr whose texts, some of them of nodes and payers, do nothing to the terminal.
struct CleanLog: LogHandler {
  private var handler: StreamLogHandler

  init(label: String) { handler = .standardError(label: label) }

  var logLevel: Logger.Level {
    get { handler.logLevel }
    set { handler.logLevel = newValue }
  }
  var metadata: Logger.Metadata {
    get { handler.metadata }
    set { handler.metadata = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { handler[metadataKey: key] }
    set { handler[metadataKey: key] = newValue }
  }

  func log(event: LogEvent) {
    var event = event
    event.message = "\(PlainText.text(event.message.description))"
    event.metadata = event.metadata?.mapValues { .string(PlainText.text("\($0)")) }
    handler.log(event: event)
  }
}
