/// An event of a contract: which arguments are topics, which are data.
public struct ABIEvent: Sendable, Hashable {
  /// One argument of an event.
  public struct Argument: Sendable, Hashable {
    /// Its type; part of the event's signature.
    public let type: ABIType
    /// Whether it is a topic, where filters can see it, and not in the data.
    public let isIndexed: Bool

    /// An argument that is a topic.
    public static func indexed(_ type: ABIType) -> Argument { Argument(type: type, isIndexed: true) }
    /// An argument in the data.
    public static func data(_ type: ABIType) -> Argument { Argument(type: type, isIndexed: false) }
  }

  /// Without the list of types.
  public let name: String
  /// In the order of the declaration, topics and data mixed.
  public let arguments: [Argument]
  /// Topic 0.
  public let topic: Hash32

  /// Computes ``topic`` from the name and the types.
  public init(_ name: String, _ arguments: [Argument]) {
    self.name = name
    self.arguments = arguments
    self.topic = ABI.eventTopic(name + ABIType.list(arguments.map(\.type)))
  }

  /// The arguments in order. An indexed argument of a dynamic type comes back as its hash (`bytes32`).
  public func decode(topics: [Hash32], data: [UInt8]) throws(ABIError) -> [ABIValue] {
    guard topics.first == topic else { throw ABIError.wrongSelector }
    guard topics.count == 1 + arguments.count(where: \.isIndexed) else { throw ABIError.typeMismatch }
    var indexed = topics.dropFirst()
    var unindexed = try ABI.decode(dataTypes, data)[...]
    var values: [ABIValue] = []
    for argument in arguments {
      if argument.isIndexed, let word = indexed.popFirst() {
        let type = argument.type.isDynamic || argument.type.headSize != 32 ? .bytes32 : argument.type
        values += try ABI.decode([type], word.bytes)
      } else if let value = unindexed.popFirst() {
        values.append(value)
      }
    }
    return values
  }

  /// Topics and data of a log. Indexed arguments must be of one-word types.
  public func encode(_ values: [ABIValue]) throws(ABIError) -> (topics: [Hash32], data: [UInt8]) {
    guard values.count == arguments.count else { throw ABIError.typeMismatch }
    var topics = [topic]
    var unindexed: [ABIValue] = []
    for (argument, value) in zip(arguments, values) {
      if argument.isIndexed {
        guard !argument.type.isDynamic, argument.type.headSize == 32 else { throw ABIError.unsupportedType }
        topics.append(Hash32(unchecked: try ABI.encode([(argument.type, value)]), at: 0))
      } else {
        unindexed.append(value)
      }
    }
    return (topics, try ABI.encode(types: dataTypes, unindexed))
  }

  private var dataTypes: [ABIType] { arguments.filter { !$0.isIndexed }.map(\.type) }
}
