import HTTPTypes
import MPPCore
import MarketplaceSupport

/// One hostile request and the answer it deserves.
struct Attack: Sendable {
  let name: String
  let status: Int
  let code: String
  /// The `Authorization` values, method and target.
  let make: @Sendable (HostileStage) async throws -> Shot

  struct Shot: Sendable {
    var method = "GET"
    var target = "/ping"
    var authorization: [String]

    init(_ authorization: String..., target: String = "/ping", method: String = "GET") {
      self.authorization = authorization
      self.target = target
      self.method = method
    }
  }

  /// A request with one credential for `GET /ping`.
  init(
    _ name: String, _ code: String, status: Int = 402,
    _ make: @escaping @Sendable (HostileStage) async throws -> String
  ) {
    (self.name, self.status, self.code) = (name, status, code)
    self.make = { Shot(try await make($0)) }
  }

  init(
    shot name: String, _ code: String, status: Int = 402,
    _ make: @escaping @Sendable (HostileStage) async throws -> Shot
  ) {
    (self.name, self.status, self.code, self.make) = (name, status, code, make)
  }

  /// Sends it and says what is wrong with the answer.
  func faults(_ stage: HostileStage) async throws -> [String] {
    let shot = try await make(stage)
    let response = try await RawHTTP(port: stage.shop.port).exchange(
      shot.method, shot.target, headers: shot.authorization.map { ("Authorization", $0) })
    var faults: [String] = []
    func check(_ condition: Bool, _ text: String) {
      if !condition { faults.append("\(name): \(text): \(response)") }
    }
    check(response.status == status, "status is not \(status)")
    check(response.headers[.contentType] == "application/problem+json", "no problem document")
    check(response.headers[.cacheControl]?.contains("no-store") == true, "may be stored")
    check(response.headers[ProtocolHeaders.paymentReceipt] == nil, "has a receipt")
    if shot.method == "HEAD" { return faults }
    let problem = try? JSONValue(parsing: response.body)
    check(problem?["type"]?.stringValue == "https://paymentauth.org/problems/\(code)", "type is not \(code)")
    check(problem?["status"]?.intValue == Int64(status), "document has another status")
    let challenges = (try? ChallengeList(fields: response.headers))?.challenges ?? []
    check(challenges.isEmpty == (status >= 500), "challenges: \(challenges.count)")
    return faults
  }
}
