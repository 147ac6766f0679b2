extension Challenge {
  /// The challenge as programs hold it: the parameters by name, `request` decoded. What crosses the wire is the header.
  package var object: JSONValue {
    var members: [JSONValue.Member] = [
      .init(key: "id", value: .string(id)), .init(key: "realm", value: .string(realm)),
      .init(key: "method", value: .string(method)), .init(key: "intent", value: .string(intent)),
      .init(key: "request", value: request.value()),
    ]
    for (key, text) in [
      ("description", description), ("digest", digest), ("expires", expires), ("opaque", opaque),
    ] {
      if let text { members.append(.init(key: key, value: .string(text))) }
    }
    return .object(members)
  }
}
