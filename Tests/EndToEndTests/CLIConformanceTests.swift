import EVM
import Foundation
import Hummingbird
import MPPConformance
import MPPCore
import MPPHummingbird
import MarketplaceSupport
import NIOCore
import Synchronization
import Tempo
import TempoRPC
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
      // The channel that was opened is closed again, and its deposit is back: the payer has paid the price and the fee of the opening.
      let balances = try await Balances(market)
      #expect(balances.reserve == 0)
      #expect(balances.payer == CLIChargeTests.start - 10_000 - Balances.fee)
      // The server has the price, less the fee of the close.
      #expect(balances.payee == CLIChargeTests.start + 10_000 - Balances.fee)
    }
  }

  /// What the parties of a market hold on its chain.
  private struct Balances {
    /// Of one transaction: 50,000 gas for 20 gwei.
    static let fee: UInt128 = 1_000

    let payer: UInt128
    let payee: UInt128
    let reserve: UInt128

    init(_ market: CLIProgram.Market) async throws {
      let chain = ChainClient(
        transport: AsyncHTTPRPCTransport(url: market.chainURL), clock: SystemWallClock())
      let key = try Secp256k1PrivateKey(hex: CLIProgram.payerKey)
      let server = try Address(hex: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
      payer = try await chain.balance(of: key.address, token: TempoAddress.pathUSD)
      payee = try await chain.balance(of: server, token: TempoAddress.pathUSD)
      reserve = try await chain.balance(of: TempoAddress.channelReserve, token: TempoAddress.pathUSD)
    }
  }

  private func ask(_ market: CLIProgram.Market, _ input: JSONValue) async throws -> JSONValue {
    let request: JSONValue = ["schema": 1, "op": "http.payment_request", "input": input]
    return try #require(try await answers(market.mpp, stream: false, to: request.serialized()).first)
  }

  private func receipt(_ answer: JSONValue) throws -> Receipt {
    #expect(answer["value"]?["status"]?.intValue == 200, "\(answer.serialized())")
    return try Receipt(parsing: answer["value"]?["headers"]?["payment-receipt"]?.stringValue ?? "")
  }

  @Test func aChargeIsPaid() async throws {
    try await CLIProgram.withMarket { market in
      let answer = try await ask(
        market,
        [
          "url": .string(market.serverURL + "/charge"),
          "payment": [
            "privateKey": .string(CLIProgram.payerKey), "rpcUrl": .string(market.chainURL),
            "maxAmount": "0.01",
            "chainId": 1337,
          ],
        ])
      let receipt = try receipt(answer)
      #expect(receipt.reference.utf8.count == 66)
      let balances = try await Balances(market)
      #expect(balances.payer == CLIChargeTests.start - 10_000 - Balances.fee)
      #expect(balances.payee == CLIChargeTests.start + 10_000)
      #expect(balances.reserve == 0)
    }
  }

  /// A price of zero asks who it is: no node is named, and none is asked.
  @Test func aProofNeedsNoChain() async throws {
    try await CLIProgram.withMarket { market in
      let url = JSONValue.string(market.serverURL + "/charge/zero")
      let answer = try await ask(
        market, ["url": url, "payment": ["privateKey": .string(CLIProgram.payerKey)]])
      #expect(try receipt(answer).reference.utf8.count == 43)
      let body = try JSONValue(parsing: answer["value"]?["body"]?.stringValue ?? "")
      let payer = try Secp256k1PrivateKey(hex: CLIProgram.payerKey).address
      #expect(body["payer"]?.stringValue == "did:pkh:eip155:1337:\(payer.checksummed)")
      #expect(try await Balances(market).payer == CLIChargeTests.start)
      // Without a key there is nobody to prove.
      #expect(errorType(try await ask(market, ["url": url, "payment": [:]])) != nil)
    }
  }

  /// `payload` and `source` go as they are; the server says what it thinks of them.
  @Test func aPayloadOfTheHarnessIsSentAsItIs() async throws {
    try await CLIProgram.withMarket { market in
      let url = JSONValue.string(market.serverURL + "/charge/zero")
      let payer = try Secp256k1PrivateKey(hex: CLIProgram.payerKey).address
      let source = JSONValue.string("did:pkh:eip155:1337:\(payer.checksummed)")
      for (payment, kind) in [
        (["payload": ["type": "magic"], "source": source], "invalid-payload"),
        (["payload": ["type": "proof", "signature": "0x00"], "source": source], "verification-failed"),
        (["payload": ["type": "proof", "signature": "0x00"]], "verification-failed"),
      ] as [(JSONValue, String)] {
        let answer = try await ask(market, ["url": url, "payment": payment])
        #expect(answer["value"]?["status"]?.intValue == 402, "\(answer.serialized())")
        let problem = try JSONValue(parsing: answer["value"]?["body"]?.stringValue ?? "")
        #expect(
          problem["type"]?.stringValue == "https://paymentauth.org/problems/\(kind)",
          "\(payment.serialized())")
      }
    }
  }

  /// A body goes with the request and again with the payment, as a text or as JSON.
  @Test func aBodyIsSentAndPaidFor() async throws {
    let seen = SeenBodies()
    try await Marketplace.run { market in
      let shop = try await market.shop { options in
        options.routes = { router, payments, _ in
          router.group("paid").add(middleware: try payments.gate(offers: [.session("0.01", per: "request")]))
            .post { request, _ -> String in
              seen.append(String(buffer: try await request.body.collect(upTo: 1 << 16)))
              return "heard"
            }
        }
      }
      try await CLIProgram.inFolder { mpp in
        for body: JSONValue in ["a text: é", ["b": [1, 2], "a": "x"]] {
          let request: JSONValue = [
            "schema": 1, "op": "http.payment_request",
            "input": [
              "url": .string(shop.url + "/paid"), "method": "post", "body": body,
              "headers": ["content-type": "text/plain"],
              "payment": [
                "privateKey": .string(CLIProgram.payerKey), "rpcUrl": .string(market.rpcURL),
                "maxAmount": "0.01",
                "maxDeposit": "0.05",
              ],
            ],
          ]
          let answer = try await answers(mpp, stream: false, to: request.serialized())
          #expect(answer.first?["value"]?["status"]?.intValue == 200, "\(answer)")
          #expect(answer.first?["value"]?["body"] == "heard")
        }
      }
    }
    #expect(seen.all == ["a text: é", "{\"b\":[1,2],\"a\":\"x\"}"])
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

/// The bodies that a handler was given.
private final class SeenBodies: Sendable {
  private let bodies = Mutex<[String]>([])
  var all: [String] { bodies.withLock { $0 } }
  func append(_ body: String) { bodies.withLock { $0.append(body) } }
}
