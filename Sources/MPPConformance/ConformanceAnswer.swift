package import MPPCore

/// From the bytes of a request to the answer. Nothing a request contains makes it throw or stop the process.
package enum ConformanceAnswer {
  /// Bytes of one request.
  package static let maximumBytes = 1 << 20

  /// - Parameter http: performs `http.payment_request`, the one operation that needs a network.
  package static func answer(
    to bytes: [UInt8], http: @Sendable (ConformanceInput) async throws -> JSONValue
  ) async -> JSONValue {
    do {
      return ["ok": true, "value": try await value(of: bytes, http)]
    } catch let failure as ConformanceFailure {
      return failure.answer
    } catch {
      return ConformanceFailure(.unknown, "\(error)").answer
    }
  }

  /// The answer to a request that is not read because of its size.
  package static let tooLarge = ConformanceFailure(
    .parse, "the request has more than \(maximumBytes) bytes"
  ).answer

  private static func value(
    of bytes: [UInt8], _ http: @Sendable (ConformanceInput) async throws -> JSONValue
  ) async throws -> JSONValue {
    let document = try document(bytes)
    guard document["schema"]?.intValue == 1 else {
      throw ConformanceFailure(.unsupported, "only schema 1 is known")
    }
    guard let name = document["op"]?.stringValue else {
      throw ConformanceFailure(.parse, "the request has no op")
    }
    guard let operation = document["op"]?.nameValue.flatMap({ ConformanceOperation(rawValue: $0) }) else {
      throw ConformanceFailure(.unsupported, "there is no operation \(name)")
    }
    let input = ConformanceInput(document["input"] ?? .null, failing: operation.failure)
    do {
      guard let value = try operation.value(of: input) else { return try await http(input) }
      return value
    } catch let failure as ConformanceFailure {
      throw failure
    } catch {
      throw ConformanceFailure(operation.failure, "\(error)")
    }
  }

  private static func document(_ bytes: [UInt8]) throws(ConformanceFailure) -> JSONValue {
    let document: JSONValue
    do {
      document = try JSONValue(
        parsing: bytes, limits: JSONLimits(maximumBytes: maximumBytes, maximumMembers: 256))
    } catch {
      throw ConformanceFailure(.parse, "the request is not JSON: \(error.kind) at byte \(error.offset)")
    }
    guard case .object = document else { throw ConformanceFailure(.parse, "the request is not an object") }
    return document
  }
}
