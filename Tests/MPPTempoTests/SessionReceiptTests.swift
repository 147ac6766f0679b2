import EVM
import MPPCore
import MPPTempo
import TestSupport
import Testing

/// `receipt.json`, groups `sessionCreate` and `sessionParse` (the others are tested with the core).
struct SessionReceiptTests {
  @Test func sessionReceiptVectors() throws {
    var tally = try Tally(.sessionReceipt)
    try tally.each("sessionCreate") { vector in
      let params = try vector.require("params")
      let receipt = try Self.receipt(params, now: vector.string("now"))
      try Tally.expect(receipt.jsonValue, try vector.require("receipt"))
      try Tally.expect(receipt.headerValue(), try vector.string("header"))
      try Tally.expect(try SessionReceipt(headerValue: receipt.headerValue()), receipt)
    }
    try tally.each("sessionParse") { vector in
      let header = try vector.string("header")
      if vector.error != nil {
        try Tally.expectRejected { try SessionReceipt(headerValue: header) }
        return
      }
      let receipt = try SessionReceipt(headerValue: header)
      try Tally.expect(receipt.jsonValue, try vector.require("result"))
      try Tally.expect(receipt.headerValue(), header)
    }
    try tally.finish()
  }

  @Test func receiptsWithNumbersOutOfRangeAreRefused() throws {
    let file = try VectorFile.load("receipt.json")
    let good = try #require(try file.group("sessionCreate").first?["receipt"]?.objectValue)
    func with(_ key: String, _ value: JSONValue) -> JSONValue {
      .object(good.filter { $0.key != key } + [.init(key: key, value: value)])
    }
    #expect(throws: Never.self) { try SessionReceipt(parsing: .object(good)) }
    for bad in [
      with("units", -1), with("spent", "1.5"), with("spent", "-1"), with("acceptedCumulative", ""),
      with("txHash", "0x12"), with("reference", .string(Hash32.zero.hex)), with("channelId", "0x"),
      with("spent", .string(String(repeating: "9", count: 60))),
    ] {
      #expect(throws: SessionReceiptError.self) { try SessionReceipt(parsing: bad) }
    }
    let long = String(repeating: "A", count: SessionReceipt.maxHeaderBytes + 1)
    #expect(throws: SessionReceiptError.self) { try SessionReceipt(headerValue: long) }
  }

  private static func receipt(_ params: JSONValue, now: String) throws -> SessionReceipt {
    func text(_ key: String) throws -> String {
      guard let text = params[key]?.stringValue else { throw VectorError("no \(key)") }
      return text
    }
    return SessionReceipt(
      timestamp: try Timestamp(rfc3339: now), challengeID: try text("challengeId"),
      channelID: try Hash32(hex: try text("channelId")),
      acceptedCumulative: try Amount(baseUnits: try text("acceptedCumulative")),
      spent: try Amount(baseUnits: try text("spent")), units: params["units"]?.intValue,
      transactionHash: try params["txHash"]?.stringValue.map { try Hash32(hex: $0) })
  }
}
