import EVM
import MPPServer
import MPPTesting
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

/// 09 D5: what looks at credentials cannot reach what moves money.
struct ValidatorStructureTests {
  /// Behind these there is no way to write; that they offer none is proved beside them.
  private static let readers = ["MPPServer.RecordView<", "MPPServer.LedgerReader", "TempoRPC.ChainReader"]
  private static let movers = [
    "MPPServer.RecordTable<", "MPPServer.Ledger", "MPPServer.ReplayClaims", "TempoRPC.ChainClient",
    "TempoRPC.Broadcaster", "MPPTempoServer.FeePayer", "MPPTempoServer.LedgerIntentStore",
    "MPPTempoServer.ChargeService", "MPPTempoServer.ChannelService", "MPPTempoServer.SettlementService",
  ]

  @Test func validatorsReachNothingThatMovesMoney() async throws {
    let sponsor = try Harness.chain().sponsor
    let sessions = try await Harness(options: { $0.feePayer = FeePayerOptions(signer: sponsor.signer) })
    let charges = try await ChargeHarness { $0.feePayer = FeePayerOptions(signer: sponsor.signer) }
    for validator: Any in [sessions.method.validator, charges.method.validator] {
      let found = Self.found(in: validator)
      #expect(found.readers >= 4, "\(found)")
      #expect(found.movers.isEmpty, "\(found)")
    }
    // The walk finds what is there to be found.
    #expect(!Self.found(in: sessions.method).movers.isEmpty)
    #expect(!Self.found(in: charges.method).movers.isEmpty)
  }

  private struct Found {
    var readers = 0
    var movers: [String] = []
    var seen: Set<ObjectIdentifier> = []
  }

  private static func found(in value: Any) -> Found {
    var found = Found()
    walk(value, "\(type(of: value))", &found)
    return found
  }

  private static func walk(_ value: Any, _ path: String, _ found: inout Found) {
    let name = String(reflecting: type(of: value))
    if readers.contains(where: name.hasPrefix) {
      found.readers += 1
      return
    }
    if movers.contains(where: { $0.hasSuffix("<") ? name.hasPrefix($0) : name == $0 })
      || value is any Signer || value is any RPCTransport || value is any LedgerStore
    {
      found.movers.append("\(path): \(name)")
    }
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .class {
      guard found.seen.insert(ObjectIdentifier(value as AnyObject)).inserted else { return }
    }
    for child in mirror.children { walk(child.value, path + "." + (child.label ?? "?"), &found) }
  }
}
