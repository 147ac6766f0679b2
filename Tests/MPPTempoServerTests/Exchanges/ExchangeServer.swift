import EVM
import HTTPTypes
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import Tempo
import TempoDevnet
import TestSupport

@testable import MPPTempoServer

/// A server of ours with the configuration of a recorded exchange, an embedded chain and a clock that stands still.
struct ExchangeServer {
  let devnet: Devnet
  private let server: PaymentServer
  private let route: Route
  /// Where the case presents credentials of another route: the one that asks for a proof.
  private let proofRoute: Route?

  init(_ vector: VectorCase, start: Timestamp, proofsAreReusable: Bool) async throws {
    let config = try vector.require("config")
    func text(_ key: String) throws -> String {
      guard let text = config[key]?.stringValue else { throw VectorError("no \(key)") }
      return text
    }
    guard let chainID = config["chainId"]?.intValue.flatMap(UInt64.init(exactly:)) else {
      throw VectorError("chainId")
    }
    let recipient = try Address(hex: try text("recipient"))
    let chain = try ExchangeChain(
      vector, chainID: chainID, recipient: recipient, currency: try Address(hex: try text("currency")),
      start: start)
    devnet = chain.devnet
    var sessions = TempoSessionOptions(
      signer: chain.payee, transport: DevnetTransport(devnet), chainID: chainID)
    sessions.sleeper = DevnetSleeper(devnet)
    if let isOn = config["options"]?["bootstrap"]?.boolValue, isOn {
      // The recorded server takes every request for its only payer's.
      let known = try Self.recordedChannel(vector)
      sessions.bootstrap = .channel { _, _ in known?.channelID }
      sessions.channelHint = { _ in
        known.map { ChannelHint(channelID: $0.channelID, authenticatedPayer: $0.descriptor.payer) }
      }
    }
    sessions.minVoucherDelta = config["options"]?["minVoucherDelta"]?.stringValue
    var charges = TempoChargeOptions(
      transport: DevnetTransport(devnet), chainID: chainID, recipient: recipient)
    charges.sleeper = DevnetSleeper(devnet)
    charges.proofsAreReusable = proofsAreReusable
    server = try await PaymentServer(
      realm: try text("realm"), secrets: .values(try text("secretKey")),
      ledger: try Ledger(MemoryStore(), allowVolatileLedger: true),
      methods: [.tempo(sessions), .tempoCharge(charges)], compatibility: .reference, clock: devnet.clock,
      random: SeededRandom(seed: 1))
    let recorded = try Recorded(vector)
    let terms = try RouteText(try text("route"), recorded)
    var offers = terms.offers
    for index in offers.indices {
      offers[index].currency = try text("currency")
      offers[index].recipient = try text("recipient")
    }
    let path = try Self.target(vector["steps"]?.arrayValue?.first?["request"])
    route = try server.route(.get, path, offers: offers, options: terms.options)
    guard recorded.asksForProof, !terms.isProof, !sessions.bootstrap.isOn else {
      proofRoute = nil
      return
    }
    var proof = Offer.charge("0", description: recorded.description)
    proof.currency = try text("currency")
    proof.recipient = try text("recipient")
    proofRoute = try server.route(.get, path, offers: [proof])
  }

  struct Answer {
    var status: Int
    var headers: HTTPFields
    var body: [UInt8]
  }

  /// The channel that a recorded challenge tells of.
  private static func recordedChannel(_ vector: VectorCase) throws -> SessionSnapshot? {
    for step in ExchangeStep.all(vector) {
      for challenge in try step.challenges() ?? [] {
        if let value = challenge.request.value()["methodDetails"]?["sessionSnapshot"] {
          return try SessionSnapshot(parsing: value)
        }
      }
    }
    return nil
  }

  /// The path of a request's address.
  private static func target(_ request: JSONValue?) throws -> String {
    guard let url = request?["url"]?.stringValue, let scheme = url.firstRange(of: "://") else {
      throw VectorError("request \(String(describing: request))")
    }
    let rest = url[scheme.upperBound...]
    return rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? "/"
  }

  /// - Parameter asksForProof: the answer comes from the route that asks for a proof.
  func answer(_ request: JSONValue, asksForProof: Bool) async throws -> Answer {
    guard let method = request["method"]?.stringValue.flatMap({ HTTPRequest.Method($0) }) else {
      throw VectorError("request \(request)")
    }
    var headers: HTTPFields = [:]
    for member in request["headers"]?.objectValue ?? [] {
      guard let name = HTTPField.Name(member.key), let value = member.value.stringValue else {
        throw VectorError("header \(member.key)")
      }
      headers[name] = value
    }
    let outcome = await server.authorize(
      PaymentRequest(
        method: method, target: try Self.target(request), headers: headers,
        body: request["body"]?.stringValue.map { Array($0.utf8) }),
      for: asksForProof ? proofRoute ?? route : route)
    switch outcome {
    case .challenge(let response), .management(let response), .problem(let response):
      return Answer(status: response.status, headers: response.headers, body: response.body)
    case .proceed(let payment):
      var headers: HTTPFields = [:]
      payment.finish(status: 200, headers: &headers)
      await payment.delivered()
      return Answer(status: 200, headers: headers, body: [])
    }
  }
}

/// What the recorded challenges say beyond the configuration: texts for people, meta, lifetime, modes.
struct Recorded {
  /// Of the first offer.
  let description: String?
  let meta: [String: String]
  let lifetimeSeconds: Int64
  let options: [JSONValue.Member]
  let asksForProof: Bool

  init(_ vector: VectorCase) throws {
    let steps = try vector.require("steps").arrayValue ?? []
    guard let step = steps.first, let now = step["now"]?.stringValue,
      let header = step["response"]?["headers"]?["www-authenticate"]?.stringValue,
      let challenge = try Challenge.parse(header: header).challenges.first,
      let expires = challenge.expires
    else { throw VectorError("the first step is no challenge") }
    description = challenge.description
    var meta: [String: String] = [:]
    for member in try challenge.opaqueMap()?.objectValue ?? [] { meta[member.key] = member.value.stringValue }
    self.meta = meta
    let lifetime =
      try Timestamp(rfc3339: expires).milliseconds - Timestamp(rfc3339: now).milliseconds
    lifetimeSeconds = lifetime / 1000
    let request = challenge.request.value()
    var options: [JSONValue.Member] = []
    if let id = request["externalId"] { options.append(.init(key: "externalId", value: id)) }
    if let modes = request["methodDetails"]?["supportedModes"] {
      options.append(.init(key: "supportedModes", value: modes))
    }
    self.options = options
    asksForProof = challenge.intent == "charge" && request["amount"]?.stringValue == "0"
  }
}

/// The `route` of a configuration, `charge amount 0.01 (pull)` and the like.
struct RouteText {
  var offers: [Offer]
  var options = RouteOptions()
  /// Whether the route asks for a proof.
  var isProof = false

  init(_ text: String, _ recorded: Recorded) throws {
    if text.hasPrefix("compose("), text.hasSuffix(")") {
      offers = try text.dropFirst(8).dropLast().split(separator: ",").map { part in
        let words = part.split(separator: " ").map(String.init)
        guard words.count == 2 else { throw VectorError("route \(text)") }
        return try Self.offer(words[0], words[1], unit: "request")
      }
      return
    }
    let words = text.split(separator: " ").map(String.init)
    func value(_ name: String) -> String? {
      words.firstIndex(of: name).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
    }
    guard let intent = words.first, let amount = value("amount") else { throw VectorError("route \(text)") }
    var offer = try Self.offer(intent, amount, unit: value("unitType") ?? "request")
    offer.suggestedDeposit = value("suggestedDeposit")
    isProof = amount == "0"
    // What is recorded about another route's challenge does not belong here.
    if isProof || !recorded.asksForProof {
      offer.description = recorded.description
      offer.meta = recorded.meta
      offer.options += recorded.options
      options.lifetimeSeconds = recorded.lifetimeSeconds
    }
    offers = [offer]
  }

  private static func offer(_ intent: String, _ amount: String, unit: String) throws -> Offer {
    switch intent {
    case "charge": .charge(.fixed(amount))
    case "session": .session(.fixed(amount), per: unit)
    default: throw VectorError("intent \(intent)")
    }
  }
}
