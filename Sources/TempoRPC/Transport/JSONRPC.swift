import MPPCore

/// The error object of a JSON-RPC answer.
struct JSONRPCError: Error, Sendable, Equatable {
  let code: Int64
  let message: String
  /// `data` when it is a string; nodes put revert data there.
  let data: String?
}

/// Requests and answers of JSON-RPC 2.0. One request per body; no batches.
enum JSONRPC {
  static func request(id: Int64, method: String, params: [JSONValue]) -> [UInt8] {
    let body = object([
      "jsonrpc": .string("2.0"), "id": .integer(id), "method": .string(method), "params": .array(params),
    ])
    return Array(body.serialized().utf8)
  }

  /// Characters of an error's message that are kept: it goes into logs and into our own errors.
  static let longestMessage = 1000

  /// The `result` of an answer to request `id`.
  /// - Throws: `JSONRPCError` when the node answered with an error, `ChainError(.invalidAnswer)` when the
  ///   answer is not one.
  static func result(of answer: [UInt8], id: Int64, limits: JSONLimits) throws -> JSONValue {
    let value: JSONValue
    do { value = try JSONValue(parsing: answer, limits: limits) } catch {
      throw ChainError(.invalidAnswer, "the node's answer is not JSON")
    }
    guard value["jsonrpc"]?.isText("2.0") == true else {
      throw ChainError(.invalidAnswer, "the node's answer is not JSON-RPC 2.0")
    }
    let error = value["error"].flatMap { $0.isNull ? nil : $0 }
    // An error about a request that could not be read carries a null id.
    guard value["id"]?.intValue == id || (error != nil && value["id"]?.isNull == true) else {
      throw ChainError(.invalidAnswer, "the node's answer belongs to another request")
    }
    if let error {
      guard let code = error["code"]?.intValue, let message = error["message"]?.stringValue else {
        throw ChainError(.invalidAnswer, "the node's error has no code or message")
      }
      throw JSONRPCError(
        code: code, message: String(message.unicodeScalars.prefix(longestMessage)),
        data: revertText(in: error["data"]))
    }
    guard let result = value["result"] else {
      throw ChainError(.invalidAnswer, "the node's answer has neither result nor error")
    }
    return result
  }

  private static func revertText(in data: JSONValue?) -> String? {
    data?.stringValue ?? data?["data"]?.stringValue
  }

  static func object(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    .object(members.map { JSONValue.Member(key: $0.key, value: $0.value) })
  }
}
