import MPPCore
import MPPTempo
import Testing

@testable import TempoRPC

/// Runs of combining marks: Swift's own comparison, order and hash cost the square of their length, so that any of
/// them on a text of a peer makes these tests run for minutes.
@Suite(.timeLimit(.minutes(1))) struct HostileTextTests {
  private static func marks(_ count: Int, _ variant: Int) -> String {
    var text = "a"
    for index in 0..<count {
      // All of U+0300…U+033B: non-spacing marks of several classes, which a comparison has to sort.
      if let scalar = Unicode.Scalar(UInt32(0x300 + (index * 7 + variant) % 60)) {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  private static let first = marks(400_000, 0)
  private static let second = marks(400_000, 3)

  @Test func keysOfMarksAreComparedByTheirBytes() throws {
    let text = "{\"\(Self.first)\":1,\"\(Self.second)\":2}"
    let value = try JSONValue(parsing: text, limits: JSONLimits(maximumBytes: 1 << 22))
    #expect(value[Self.first]?.intValue == 1)
    #expect(value[Self.second]?.intValue == 2)
    let many = (0..<40).map { "\"\(Self.marks(20_000, $0))\":0" }.joined(separator: ",")
    let object = try JSONValue(parsing: "{\(many)}", limits: JSONLimits(maximumBytes: 1 << 22))
    #expect(object == object)
    #expect(try object.canonical().utf8.count == many.utf8.count + 2)
  }

  @Test func valuesOfMarksAreComparedAndHashedByTheirBytes() {
    let first = JSONValue.string(Self.first)
    #expect(first != .string(Self.second))
    #expect(first.hashValue == JSONValue.string(Self.first).hashValue)
    #expect(!first.isText("payment"))
    #expect(UnverifiedSource(Self.first) != UnverifiedSource(Self.second))
    #expect(Set([UnverifiedSource(Self.first)]).contains(UnverifiedSource(Self.first)))
    #expect(PaymentProblem.Code(rawValue: Self.first) != .channelClosed)
    #expect(Set([PaymentProblem.Code(rawValue: Self.first)]).count == 1)
  }

  @Test func payloadsOfMarksAreRefused() {
    let hex = "0x" + String(repeating: "1", count: 64)
    for (key, text) in [("action", Self.first), ("type", Self.first), ("channelId", Self.first)] {
      var members: [JSONValue.Member] = [
        .init(key: "action", value: "open"), .init(key: "type", value: "transaction"),
        .init(key: "channelId", value: .string(hex)),
      ]
      members.removeAll { $0.key == key }
      members.append(.init(key: key, value: .string(text)))
      #expect(throws: SessionPayloadError.schema) { try SessionPayload(parsing: .object(members)) }
    }
  }

  @Test func chargesOfMarksAreRefused() {
    let marks = JSONValue.string("t" + Self.first)
    #expect(throws: ChargePayloadError.self) { try ChargePayload(parsing: ["type": marks]) }
    #expect(throws: ChargeRequestError("supportedModes")) {
      try ChargeRequest(parsing: [
        "amount": "1", "currency": "0x", "methodDetails": ["supportedModes": [marks]],
      ])
    }
    #expect(throws: SubscriptionError.self) { try SubscriptionPayload(parsing: ["type": marks]) }
    #expect(throws: SubscriptionError.self) { try SubscriptionPeriod(count: "1", unit: "d" + Self.first) }
  }

  @Test func receiptsAndSnapshotsOfMarksAreRefused() {
    let marks = JSONValue.string(Self.first)
    #expect(throws: SessionReceiptError.self) { try SessionReceipt(parsing: ["method": marks]) }
    let descriptor = JSONValue.object([.init(key: Self.first, value: marks)])
    #expect(throws: SessionSnapshotError("descriptor")) {
      try SessionSnapshot(parsing: ["descriptor": descriptor])
    }
  }

  @Test func answersOfMarksAreInvalid() throws {
    let limits = RPCAnswerLimits.json(bytes: ChainClientLimits().answerBytes)
    let answer = Array("{\"jsonrpc\":\"2\(Self.first)\",\"id\":1,\"result\":1}".utf8)
    #expect(throws: ChainError.self) { try JSONRPC.result(of: answer, id: 1, limits: limits) }
    let error = Array(
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":3,\"message\":\"\(Self.first)\"}}".utf8)
    do {
      _ = try JSONRPC.result(of: error, id: 1, limits: limits)
    } catch let error as JSONRPCError {
      #expect(error.message.unicodeScalars.count == JSONRPC.longestMessage)
      _ = ErrorClassifier.read(error)
    }
  }

  /// Four megabytes are what a node may answer; nothing is compared character by character before the length is known.
  @Test func quantitiesOfMarksAreInvalid() {
    for text in [Self.first, "0x" + Self.first, "0" + Self.first] {
      #expect(throws: ChainError.self) { try RPCAnswer.quantity(.string(text), "quantity") }
      #expect(throws: ChainError.self) { try RPCAnswer.data(.string(text), "data") }
      #expect(throws: ChainError.self) { try RPCAnswer.hash(.string(text), "hash") }
      #expect(throws: ChainError.self) { try RPCAnswer.address(.string(text), "address") }
    }
  }

  /// Comparing both ways at each level doubled the work per level: 2^32 steps for the deepest object.
  @Test func deepObjectsAreComparedOnce() throws {
    let depth = 32
    func nested(_ keys: [String]) -> String {
      var text = "0"
      for _ in 0..<depth {
        text = "{" + keys.map { "\"\($0)\":\($0 == "a" ? text : "1")" }.joined(separator: ",") + "}"
      }
      return text
    }
    let one = try JSONValue(parsing: nested(["a", "b"]))
    let other = try JSONValue(parsing: nested(["b", "a"]))
    #expect(one == one)
    #expect(one == other)
    #expect(try one.canonical() == other.canonical())
    #expect(one != (try JSONValue(parsing: nested(["a", "c"]))))
  }
}
