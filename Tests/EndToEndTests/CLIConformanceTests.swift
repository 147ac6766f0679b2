import Foundation
import MPPConformance
import MPPCore
import TestSupport
import Testing

/// `mpp conformance` as a harness runs it, and every example of its guide.
@Suite("mpp conformance", .timeLimit(.minutes(3)))
struct CLIConformanceTests {
  /// Sends lines to one process and returns its answers; the exit code is 0 whatever is asked.
  private func answers(_ mpp: CLIProgram, stream: Bool = true, to input: String) async throws -> [JSONValue] {
    try await mpp.start(["conformance"] + (stream ? ["--stream"] : [])) { child in
      child.sendAll(Array(input.utf8))
      #expect(await child.finish() == .code(0))
      #expect(child.errorLines == [])
      return try child.outputLines.map { try JSONValue(parsing: $0) }
    }
  }

  private func errorType(_ answer: JSONValue) -> String? { answer["error"]?["type"]?.stringValue }

  @Test func oneObjectMayHaveLinesAndIsAnsweredOnce() async throws {
    try await CLIProgram.inFolder { mpp in
      let text =
        "\n{\n  \"schema\": 1,\n  \"op\": \"base64url.encode\",\n  \"input\": {\"text\": \"é?\"}\n}\n\n"
      #expect(try await answers(mpp, stream: false, to: text) == [["ok": true, "value": "w6k_"]])
      let broken = try await answers(mpp, stream: false, to: text + text)
      #expect(broken.map(errorType) == ["parse_error"])
      #expect(try await answers(mpp, stream: false, to: "").map(errorType) == ["parse_error"])
    }
  }

  @Test func everyLineHasItsAnswerInOrder() async throws {
    try await CLIProgram.inFolder { mpp in
      let requests = (0..<2000).map {
        #"{"schema":1,"op":"base64url.encode","input":{"text":"\#($0)"}}"#
      }
      let found = try await answers(mpp, to: requests.joined(separator: "\r\n\n  \n"))
      #expect(found == (0..<2000).map { ["ok": true, "value": .string(Base64URL.encode("\($0)".utf8))] })
    }
  }

  @Test func brokenAndOversizedLinesDoNotStopTheStream() async throws {
    try await CLIProgram.inFolder { mpp in
      let good = #"{"schema":1,"op":"base64url.encode","input":{"text":"a"}}"#
      let large = String(repeating: "x", count: ConformanceAnswer.maximumBytes + 1)
      let deep = String(repeating: "[", count: 100_000)
      let lines = ["{", good, large, good, deep, #"{"schema":1,"op":"none"}"#, "\u{0}", good]
      let found = try await answers(mpp, to: lines.joined(separator: "\n"))
      #expect(
        found.map { errorType($0) ?? "ok" } == [
          "parse_error", "ok", "parse_error", "ok", "parse_error", "unsupported_operation", "parse_error",
          "ok",
        ])
      // A last line that never ends is bounded too.
      let endless = try await answers(mpp, to: good + "\n" + large + large)
      #expect(endless.map { errorType($0) ?? "ok" } == ["ok", "parse_error"])
      #expect(try await answers(mpp, stream: false, to: large).map(errorType) == ["parse_error"])
    }
  }

  /// The golden cases through the program that is shipped; the operations one by one are `MPPConformanceTests`.
  @Test func theProgramGivesTheGoldenAnswers() async throws {
    var requests: [JSONValue] = []
    var expected: [JSONValue?] = []
    func add(_ op: String, _ input: JSONValue, _ value: JSONValue?) {
      requests.append(["schema": 1, "op": .string(op), "input": input])
      expected.append(value)
    }
    for vector in try VectorFile.load("www-authenticate.json").group("parse") {
      guard vector["result"]?["realm"]?.isText("") != true else { continue }
      let result = vector["result"]?.objectValue.map { JSONValue.object($0.filter { $0.key != "meta" }) }
      add("challenge.parse", ["header": try vector.require("header")], result)
    }
    for vector in try VectorFile.load("challenge-id.json").group("create") {
      add("challenge.id", try vector.require("input"), try vector.require("id"))
    }
    for vector in try VectorFile.load("channel.json").group("channelId") {
      add("tempo.channel.id", vector.value, try vector.require("channelId"))
    }
    for vector in try VectorFile.load("proof.json").group("sign") {
      add("tempo.proof.digest", vector.value, try vector.require("digest"))
    }
    for vector in try VectorFile.load("voucher.json").group("sign") {
      add("tempo.voucher.digest", vector.value, try vector.require("digest"))
    }
    let lines = requests.map { $0.serialized() }.joined(separator: "\n")
    let found = try await CLIProgram.inFolder { mpp in try await answers(mpp, to: lines) }
    try #require(found.count == requests.count)
    for (index, answer) in found.enumerated() {
      #expect(answer["ok"]?.boolValue == (expected[index] != nil), "\(requests[index])")
      #expect(answer["value"] == expected[index], "\(requests[index])")
    }
  }

  // MARK: The guide

  private struct Example {
    let op: String
    let request: String
    let answer: JSONValue
  }

  /// Two JSON blocks in a row are a request and its answer.
  private func examples() throws -> [Example] {
    let guide = try String(
      contentsOf: CLIReadmeTests.root.appending(path: "docs/conformance.md"), encoding: .utf8)
    let blocks = guide.components(separatedBy: "```json\n").dropFirst().map {
      $0.components(separatedBy: "```")[0].trimmingCharacters(in: .whitespacesAndNewlines)
    }
    try #require(blocks.count % 2 == 0)
    return try stride(from: 0, to: blocks.count, by: 2).map { index in
      let request = try JSONValue(parsing: blocks[index])
      return Example(
        op: request["op"]?.stringValue ?? "", request: request.serialized(),
        answer: try JSONValue(parsing: blocks[index + 1]))
    }
  }

  @Test func everyExampleOfTheGuideIsTrue() async throws {
    let examples = try examples().filter { $0.op != ConformanceOperation.paymentRequest.rawValue }
    let found = try await CLIProgram.inFolder { mpp in
      try await answers(mpp, to: examples.map(\.request).joined(separator: "\n"))
    }
    try #require(found.count == examples.count)
    for (answer, example) in zip(found, examples) { #expect(answer == example.answer, "\(example.request)") }
  }

  @Test func everyOperationAndErrorTypeIsInTheGuide() throws {
    let guide = try String(
      contentsOf: CLIReadmeTests.root.appending(path: "docs/conformance.md"), encoding: .utf8)
    let shown = Set(try examples().map(\.op))
    for operation in ConformanceOperation.allCases {
      #expect(shown.contains(operation.rawValue), "\(operation.rawValue)")
    }
    for kind in ConformanceFailure.Kind.allCases { #expect(guide.contains("`\(kind.rawValue)`"), "\(kind)") }
  }

  // MARK: http.payment_request

  /// The examples name a server and a chain that run somewhere else here.
  private func local(_ request: String, _ market: CLIProgram.Market) -> String {
    request.replacing("http://127.0.0.1:8402", with: market.serverURL)
      .replacing("http://127.0.0.1:8545", with: market.chainURL)
  }

  @Test func paymentRequestsOfTheGuideAreAnsweredByAServer() async throws {
    let examples = try examples().filter { $0.op == ConformanceOperation.paymentRequest.rawValue }
    #expect(examples.count >= 5)
    try await CLIProgram.withMarket { market in
      let found = try await answers(
        market.mpp, to: examples.map { local($0.request, market) }.joined(separator: "\n"))
      try #require(found.count == examples.count)
      for (answer, example) in zip(found, examples) {
        #expect(answer["ok"] == example.answer["ok"], "\(example.request): \(answer.serialized())")
        #expect(answer["value"]?["status"] == example.answer["value"]?["status"], "\(answer.serialized())")
        for name in (example.answer["value"]?["headers"]?.objectValue ?? []).map(\.key) {
          #expect(answer["value"]?["headers"]?[name]?.stringValue != nil, "\(name): \(answer.serialized())")
        }
        guard
          let problem = example.answer["value"]?["body"]?.stringValue.flatMap({ try? JSONValue(parsing: $0) })
        else { continue }
        let ours = try JSONValue(parsing: answer["value"]?["body"]?.stringValue ?? "")
        for member in problem.objectValue ?? [] { #expect(ours[member.key] == member.value, "\(ours)") }
      }
    }
  }

  @Test func aPaymentIsMadeAndItsDepositComesBack() async throws {
    try await CLIProgram.withMarket { market in
      let payment: JSONValue = [
        "privateKey": .string(CLIProgram.payerKey), "rpcUrl": .string(market.chainURL), "maxAmount": "0.01",
        "maxDeposit": "0.05",
      ]
      let request: JSONValue = [
        "schema": 1, "op": "http.payment_request",
        "input": ["url": .string(market.serverURL + "/session"), "mode": "payment", "payment": payment],
      ]
      let found = try await answers(market.mpp, stream: false, to: request.serialized())
      let value = try #require(found.first?["value"], "\(found)")
      #expect(value["status"]?.intValue == 200)
      let receipt = try Receipt(parsing: value["headers"]?["payment-receipt"]?.stringValue ?? "")
      #expect(receipt.method == "tempo")
      // The channel that was opened is closed again on the chain.
      let channels = try await market.sessions("list", "--json")
      #expect(channels.output.isEmpty || !channels.output.joined().contains("\"open\""))
    }
  }

  @Test func whatCannotBeDoneIsAnHTTPError() async throws {
    try await CLIProgram.withMarket { market in
      func ask(_ input: JSONValue) async throws -> JSONValue {
        let request: JSONValue = ["schema": 1, "op": "http.payment_request", "input": input]
        return try await answers(market.mpp, stream: false, to: request.serialized())[0]
      }
      let payment: JSONValue = [
        "privateKey": .string(CLIProgram.payerKey), "rpcUrl": .string(market.chainURL), "maxAmount": "0.001",
      ]
      let session = JSONValue.string(market.serverURL + "/session")
      for input: JSONValue in [
        ["url": session, "payment": payment], ["url": session], ["url": "ftp://127.0.0.1/"],
        ["url": "http://127.0.0.1:1/"], ["url": session, "mode": "other"],
        ["url": session, "headers": ["x": "a\r\nb: c"]], ["url": session, "method": "GE T"],
      ] {
        let answer = try await ask(input)
        #expect(errorType(answer) == "http_error", "\(input.serialized())")
      }
    }
  }
}
