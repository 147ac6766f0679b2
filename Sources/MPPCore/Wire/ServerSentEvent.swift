/// One event of a `text/event-stream` body.
public struct ServerSentEvent: Sendable, Hashable {
  /// The name of an event without a name, or with an empty one.
  public static let defaultName = "message"

  /// Never empty: ``defaultName`` when the stream names none.
  public let name: String
  /// The lines of the event, joined with LF.
  public let data: String

  /// - Parameter name: an empty one becomes ``defaultName``.
  public init(name: String = ServerSentEvent.defaultName, data: String) {
    self.name = name.isEmpty ? Self.defaultName : name
    self.data = data
  }
}
