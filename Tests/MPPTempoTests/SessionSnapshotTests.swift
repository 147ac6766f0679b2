import MPPCore
import MPPTempo
import TestSupport
import Testing

/// `session-snapshot.json`.
struct SessionSnapshotTests {
  @Test func snapshotVectors() throws {
    var tally = try Tally(.sessionSnapshot)
    try tally.each("encode") { vector in
      let snapshot = try SessionSnapshot(parsing: try vector.require("snapshot"))
      try Tally.expect(snapshot.headerValue(), try vector.string("header"))
      try Tally.expect(try SessionSnapshot(headerValue: snapshot.headerValue()), snapshot)
    }
    try tally.each("decode") { vector in
      let header = try vector.string("header")
      if vector.error != nil {
        try Tally.expectRejected { try SessionSnapshot(headerValue: header) }
        return
      }
      try Tally.expect(try SessionSnapshot(headerValue: header).jsonValue, try vector.require("result"))
    }
    try tally.finish()
  }

  /// C9: typed decoding with ranges and lengths, not a cast.
  @Test func everyMemberIsChecked() throws {
    let file = try VectorFile.load("session-snapshot.json")
    let good = try #require(
      try file.group("encode").first { $0["snapshot"]?["highestVoucher"] != nil }?["snapshot"]?.objectValue)
    #expect(throws: Never.self) { try SessionSnapshot(parsing: .object(good)) }
    let bad: [(String, JSONValue)] = [
      ("acceptedCumulative", "79228162514264337593543950336"), ("acceptedCumulative", "0x1"),
      ("spent", 5), ("deposit", "-1"), ("settled", ""), ("requiredCumulative", "1.0"), ("chainId", 0),
      ("chainId", -1), ("chainId", .number(1.5)), ("units", -1), ("units", .number(0.5)),
      ("channelId", "0x00"), ("escrow", "0x12"), ("descriptor", .array([])), ("highestVoucher", .null),
      ("highestVoucher", ["channelId": "0x", "cumulativeAmount": "1", "signature": "0x12"]),
      ("closeRequestedAt", "soon"),
    ]
    for (key, value) in bad {
      let members = good.filter { $0.key != key } + [.init(key: key, value: value)]
      #expect(throws: SessionSnapshotError.self, "\(key) = \(value)") {
        try SessionSnapshot(parsing: .object(members))
      }
    }
    let long = String(repeating: "A", count: SessionSnapshot.maxHeaderBytes + 4)
    #expect(throws: SessionSnapshotError.self) { try SessionSnapshot(headerValue: long) }
  }
}
