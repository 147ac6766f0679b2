import EVM
import MPPCore
import MPPServer
import MPPTesting
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

/// The way to the chain's hosted fee payer, with somebody on it who counts, waits and changes answers.
final class HostWire: RPCTransport {
  private struct State {
    var asked = 0
    var before: (@Sendable () async throws -> Void)?
    var change: (@Sendable (inout JSONValue) throws -> Void)?
    var bytes: [UInt8]?
  }

  private let inner: DevnetTransport
  private let state = Mutex(State())

  init(_ devnet: Devnet) { inner = DevnetTransport(devnet, path: DevnetSponsorPolicy.path) }

  var asked: Int { state.withLock { $0.asked } }
  /// Runs when the question has arrived.
  func onAsk(_ body: (@Sendable () async throws -> Void)?) { state.withLock { $0.before = body } }
  /// Changes `result.tx` of every answer.
  func change(_ body: (@Sendable (inout JSONValue) throws -> Void)?) { state.withLock { $0.change = body } }
  /// Answers these bytes.
  func answer(_ bytes: [UInt8]?) { state.withLock { $0.bytes = bytes } }

  func send(
    _ body: [UInt8], timeoutMilliseconds: Int64
  ) async throws(RPCTransportError) -> [UInt8] {
    let now = state.withLock { state in
      state.asked += 1
      return state
    }
    let answer = try await inner.send(body, timeoutMilliseconds: timeoutMilliseconds)
    do {
      try await now.before?()
      if let bytes = now.bytes { return bytes }
      guard let change = now.change else { return answer }
      let json = try JSONValue(parsing: answer)
      var tx = json["result"]?["tx"] ?? .null
      try change(&tx)
      return Array(json.setting("result", ["tx": tx]).serialized().utf8)
    } catch {
      throw RPCTransportError(.connectionLost, mayHaveBeenReceived: true)
    }
  }

  /// - Parameter sponsor: who is expected to sign; nil: anybody.
  func host(feeTokens: [Address]? = nil, sponsor: Address?) -> FeePayerHost {
    FeePayerHost(transport: self, name: "devnet", feeTokens: feeTokens, sponsor: sponsor)
  }
}

extension JSONValue {
  /// With this member set.
  func setting(_ key: String, _ value: JSONValue) -> JSONValue {
    let members = (objectValue ?? []).filter { $0.key != key }
    return .object(members + [.init(key: key, value: value)])
  }
}

/// In which ways a hosted fee payer lies, or is of no use.
enum HostLie: String, CaseIterable, Sendable {
  case foreignToken, claimedToken, allowedTokenNotSigned, wrongKey, noToken, noSignature, refusal

  static let allowed = [TempoAddress.pathUSD, TempoAddress.betaUSD]

  func tell(_ devnet: Devnet) {
    var policy = DevnetSponsorPolicy()
    switch self {
    case .foreignToken: policy.feeToken = TempoAddress.alphaUSD
    case .claimedToken: policy.claimedFeeToken = TempoAddress.alphaUSD
    // Signed for pathUSD; both may be used.
    case .allowedTokenNotSigned: policy.claimedFeeToken = TempoAddress.betaUSD
    case .wrongKey: policy.signsWithWrongKey = true
    case .noToken: policy.omittedMembers = ["feeToken"]
    case .noSignature: policy.omittedMembers = ["feePayerSignature"]
    case .refusal: policy.refusal = "not you"
    }
    devnet.sponsorPolicy = policy
  }
}

extension DevnetSponsorPolicy {
  /// Another of the allowed tokens than before.
  mutating func alternateTokens() {
    feeToken = feeToken == TempoAddress.pathUSD ? TempoAddress.betaUSD : TempoAddress.pathUSD
  }
}

extension Devnet {
  /// How often something was broadcast, as `devnet_rpcLog` tells everybody.
  func broadcasts() async throws -> Int {
    let request = #"{"jsonrpc":"2.0","id":1,"method":"devnet_rpcLog","params":[]}"#
    let answer = try JSONValue(parsing: await handle(Array(request.utf8)))
    let entries = try #require(answer["result"]?.arrayValue)
    try #require(!entries.isEmpty)
    return entries.count { $0["method"]?.stringValue?.hasPrefix("eth_sendRaw") == true }
  }

  func units(_ account: Address, _ token: Address = TempoAddress.pathUSD) -> UInt128 {
    balance(of: account, token: token).units
  }
}

extension Ledger {
  /// The fees a host may still be charged for.
  func reservations(_ host: FeePayerHost, _ devnet: Devnet) async throws -> [SponsorReservation] {
    let key = SponsorBudget.key(chainID: devnet.chainID, sponsor: host.budgetAddress)
    return try await table(SponsorBudget.self).load(key)?.reservations ?? []
  }
}
