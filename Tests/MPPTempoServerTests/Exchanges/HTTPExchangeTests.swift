import Foundation
import MPPCore
import TestSupport
import Testing

/// `http-exchanges.json`: recorded exchanges with the reference server, replayed against ours with the embedded
/// chain. Cases of what this server does not offer yet are listed by name and counted.
@Suite struct HTTPExchangeTests {
  @Test func theRecordedExchangesAreAnswered() async throws {
    var tally = try Tally(.httpExchanges)
    for vector in try tally.file.group("cases") {
      if let reason = try Self.pending(vector) {
        tally.postpone(vector, reason)
      } else {
        await tally.runAsync(vector) { try await ExchangeReplay(vector).run() }
      }
    }
    if VectorFile.isPublicSet { #expect(tally.pendingNames == Self.pendingCases) }
    try tally.finish()
  }

  /// Of the public set; `docs/compatibility.md` has the same list.
  private static let pendingCases = [
    "sse: five tokens (session manager)",
    "subscription: activate, reuse, renew after one period, other user",
  ]

  @Test func theGuideNamesThePendingCases() throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/compatibility.md")
    let lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
    // The first list of the page.
    let list = lines.drop { !$0.hasPrefix("* `") }.prefix { $0.hasPrefix("* `") }
    let names = list.map { String($0.dropFirst(3).prefix { $0 != "`" }) }
    #expect(names == Self.pendingCases)
  }

  /// A proof that is used twice: the reference takes it when it has no store, ours when the route says so.
  @Test func aProofIsReusableWhereTheRouteSaysSo() async throws {
    let cases = try VectorFile.load("http-exchanges.json").group("cases")
    let repeating = try cases.filter { try ExchangeReplay($0).servesAProofTwice }
    #expect(!repeating.isEmpty)
    for vector in repeating {
      var replay = try ExchangeReplay(vector)
      replay.proofsAreReusable = true
      try await replay.run()
      #expect(vector.takeDifferences().isEmpty)
    }
  }

  /// Why a case cannot be replayed yet; nil when it can. Throws for a kind of case that nobody has looked at.
  private static func pending(_ vector: VectorCase) throws -> String? {
    let config = try vector.require("config")
    for option in config["options"]?.objectValue ?? [] {
      switch option.key {
      case "sse": return "metered streams"
      case "minVoucherDelta", "bootstrap": continue
      default: throw VectorError("\(vector.label): unknown option \(option.key)")
      }
    }
    let route = config["route"]?.stringValue ?? ""
    switch route.prefix(while: { $0 != " " && $0 != "(" }) {
    case "charge", "session", "compose": return nil
    case "subscription": return "subscriptions"
    default: throw VectorError("\(vector.label): unknown route \(route)")
    }
  }
}
