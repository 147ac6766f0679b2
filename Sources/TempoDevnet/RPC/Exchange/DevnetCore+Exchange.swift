import MPPCore

/// A whole JSON-RPC exchange: bytes in, bytes out (`03` §10.1).
extension DevnetCore {
  static let maximumBody = 5 * 1024 * 1024
  static let maximumBatch = 1_000
  private static let limits = JSONLimits(
    maximumBytes: maximumBody, maximumDepth: 32, maximumMembers: 64, maximumElements: 4_096)

  mutating func exchange(_ body: [UInt8], path: String, wall: Timestamp) -> DevnetReply {
    chain.sealDue(at: time(wall: wall))
    let json: JSONValue
    do {
      json = try JSONValue(parsing: body, limits: Self.limits)
    } catch {
      return .json(400, Self.envelope(id: .null, .failure(RPCFailure(-32700, "Parse error"))))
    }
    guard let batch = json.arrayValue else { return answerOne(json, path, wall: wall) }
    guard !batch.isEmpty, batch.count <= Self.maximumBatch else {
      return .json(200, Self.envelope(id: .null, .failure(.invalidRequest)))
    }
    return answerBatch(batch, path, wall: wall)
  }

  private mutating func answerOne(_ request: JSONValue, _ path: String, wall: Timestamp) -> DevnetReply {
    let effect = perform(request, path, wall: wall)
    if let waiting = effect.waiting { return provisional(waiting, wall: wall) }
    var reply = DevnetReply(.answer(status: 204, body: []))
    switch effect.outcome {
    case .value(let value): reply = .json(200, value)
    case .silent: break
    case .raw(let outcome): reply = DevnetReply(outcome)
    }
    reply.delayMilliseconds = effect.delayMilliseconds
    return reply
  }

  /// Answers in the order of the requests. A fault that breaks the connection breaks it for all of them.
  private mutating func answerBatch(_ batch: [JSONValue], _ path: String, wall: Timestamp) -> DevnetReply {
    var values: [JSONValue] = []
    var delay = 0
    var raw: DevnetReply.Outcome?
    for request in batch {
      let effect = perform(request, path, wall: wall)
      delay = max(delay, effect.delayMilliseconds)
      switch effect.outcome {
      case .value(let value): values.append(value)
      case .silent: break
      case .raw(let outcome): raw = raw ?? outcome
      }
    }
    var reply =
      if let raw {
        DevnetReply(raw)
      } else if values.isEmpty {
        DevnetReply(.answer(status: 204, body: []))
      } else {
        DevnetReply.json(200, .array(values))
      }
    reply.delayMilliseconds = delay
    return reply
  }

  private struct Effect {
    enum Outcome {
      case value(JSONValue)
      case silent
      case raw(DevnetReply.Outcome)
    }
    var outcome: Outcome
    var delayMilliseconds = 0
    /// Only a request of its own can wait; in a batch it times out.
    var waiting: DevnetReply.Waiting?
  }

  private mutating func perform(_ request: JSONValue, _ path: String, wall: Timestamp) -> Effect {
    let id = request["id"]
    guard let call = RPCCall(request, path: path) else {
      return Effect(
        outcome: .value(
          Self.envelope(id: RPCCall.isValid(id) ? id ?? .null : .null, .failure(.invalidRequest))))
    }
    guard let action = faultAction(for: call) else {
      let result = execute(call, wall: wall)
      record(call, result, wasFaulted: false)
      return Effect(
        outcome: call.id.map { .value(Self.envelope(id: $0, result)) } ?? .silent,
        waiting: waiting(for: call, result, wall: wall))
    }
    return perform(call, action, wall: wall)
  }

  private mutating func faultAction(for call: RPCCall) -> FaultAction? {
    guard !faults.isEmpty else { return nil }
    var transaction: ChainTransaction?
    if call.method.hasPrefix("eth_sendRawTransaction") {
      do {
        let raw = try call.parameters.bytes(0)
        transaction = try ChainState.authenticate(raw, parameters: chain.parameters)
      } catch {
        // The call itself will say what is wrong with it.
        transaction = nil
      }
    }
    return faults.action(at: .request, method: call.method, path: call.path, transaction: transaction)
  }

  private mutating func perform(_ call: RPCCall, _ action: FaultAction, wall: Timestamp) -> Effect {
    switch action {
    case .rpcError(let code, let message, let data):
      log.record(call.method, call.parameters.values, .suppressed, wasFaulted: true)
      let failure = RPCFailure(code, message, data: data)
      return Effect(outcome: call.id.map { .value(Self.envelope(id: $0, .failure(failure))) } ?? .silent)
    case .http(let status, let body, let retryAfter):
      log.record(call.method, call.parameters.values, .suppressed, wasFaulted: true)
      return Effect(
        outcome: .raw(.answer(status: status, body: Array(body.utf8), retryAfterSeconds: retryAfter)))
    case .hang(let milliseconds):
      log.record(call.method, call.parameters.values, .suppressed, wasFaulted: true)
      return Effect(outcome: .raw(.closed), delayMilliseconds: max(0, milliseconds))
    case .refuse:
      log.record(call.method, call.parameters.values, .suppressed, wasFaulted: true)
      return Effect(outcome: .raw(.closed))
    default:
      return performHonestly(call, action, wall: wall)
    }
  }

  /// Faults that show only after the request has been executed.
  private mutating func performHonestly(_ call: RPCCall, _ action: FaultAction, wall: Timestamp) -> Effect {
    if case .staleReads(let blocks) = action { staleness = UInt64(max(0, blocks)) }
    var result = execute(call, wall: wall)
    staleness = 0
    record(call, result, wasFaulted: true)
    if case .patchResult(let patch) = action, case .success(let value) = result {
      result = .success(value.merging(patch))
    }
    var effect = Effect(outcome: call.id.map { .value(Self.envelope(id: $0, result)) } ?? .silent)
    switch action {
    case .loseReply: effect.outcome = .raw(.closed)
    case .garbage: effect.outcome = .raw(.answer(status: 200, body: Array("<html>{".utf8)))
    case .delay(let milliseconds): effect.delayMilliseconds = max(0, milliseconds)
    default: break
    }
    return effect
  }

  private mutating func record(_ call: RPCCall, _ result: Result<JSONValue, RPCFailure>, wasFaulted: Bool) {
    let answer: DevnetRequest.Answer =
      switch result {
      case .success(let value): .result(value)
      case .failure(let failure): .error(code: failure.code, message: failure.message)
      }
    log.record(call.method, call.parameters.values, answer, wasFaulted: wasFaulted)
  }

  static func envelope(id: JSONValue, _ result: Result<JSONValue, RPCFailure>) -> JSONValue {
    switch result {
    case .success(let value): ["jsonrpc": "2.0", "id": id, "result": value]
    case .failure(let failure): ["jsonrpc": "2.0", "id": id, "error": failure.json]
    }
  }
}

/// A well-formed JSON-RPC 2.0 request.
struct RPCCall: Sendable {
  /// Absent in notifications.
  let id: JSONValue?
  let method: String
  var parameters: RPCParameters
  /// Path of the HTTP request; `/` in process.
  let path: String

  init(_ method: String) {
    id = nil
    self.method = method
    parameters = RPCParameters(values: [])
    path = "/"
  }

  init?(_ json: JSONValue, path: String) {
    self.path = path
    guard json["jsonrpc"]?.isText("2.0") == true, let method = json["method"]?.stringValue,
      Self.isValid(json["id"])
    else { return nil }
    switch json["params"] {
    case nil, .some(.null): parameters = RPCParameters(values: [])
    case .some(.array(let values)): parameters = RPCParameters(values: values)
    default: return nil
    }
    self.id = json["id"]
    self.method = method
  }

  static func isValid(_ id: JSONValue?) -> Bool {
    switch id {
    case nil, .some(.null), .some(.string), .some(.integer), .some(.number): true
    default: false
    }
  }
}

extension RPCFailure {
  static let invalidRequest = RPCFailure(-32600, "Invalid Request")
}

extension DevnetReply {
  static func json(_ status: Int, _ value: JSONValue) -> DevnetReply {
    DevnetReply(.answer(status: status, body: Array(value.serialized().utf8)))
  }
}

extension JSONValue {
  /// RFC 7396: members of the patch replace those of the value, `null` removes them.
  func merging(_ patch: JSONValue) -> JSONValue {
    guard case .object(let changes) = patch else { return patch }
    var members: [Member] = if case .object(let own) = self { own } else { [] }
    for change in changes {
      let old = members.firstIndex { $0.key == change.key }
      switch (old, change.value.isNull) {
      case (let index?, true): members.remove(at: index)
      case (let index?, false): members[index].value = members[index].value.merging(change.value)
      case (nil, true): break
      case (nil, false): members.append(Member(key: change.key, value: JSONValue.null.merging(change.value)))
      }
    }
    return .object(members)
  }
}
