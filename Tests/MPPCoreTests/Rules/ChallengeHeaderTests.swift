import HTTPTypes
import MPPCore
import Testing

@Suite struct ChallengeHeaderTests {
  private let request = "eyJhbW91bnQiOiIxIn0"

  private func header(_ extra: String = "", id: String = "x") -> String {
    "Payment id=\"\(id)\", realm=\"r\", method=\"tempo\", intent=\"charge\", request=\"\(request)\"\(extra)"
  }

  private func challenge(
    realm: String = "r", method: String = "tempo", description: String? = nil, opaque: String? = nil
  ) throws -> Challenge {
    Challenge(
      id: "x",
      parameters: ChallengeParameters(
        realm: realm, method: method, intent: "charge", request: try RawRequest(encoded: request),
        description: description, opaque: opaque))
  }

  @Test(arguments: ["a\rb", "a\nb", "a\r\nb", "\r\n", "x\u{301}\r\n"])
  func lineBreaksAreRefusedEverywhere(text: String) throws {
    #expect(throws: ChallengeError.invalidCharacter(field: "realm")) {
      try challenge(realm: text).serialized()
    }
    #expect(throws: ChallengeError.invalidCharacter(field: "description")) {
      try challenge(description: text).serialized()
    }
    #expect(throws: ChallengeError.invalidCharacter(field: "description")) {
      try challenge(description: text).serializedUnchecked()
    }
    let mac = ChallengeMAC(secrets: SecretRing(unchecked: Secret("s")))
    #expect(throws: ChallengeError.self) { try mac.issue(try challenge(description: text).parameters) }
  }

  @Test func quotesAndBackslashesSurvive() throws {
    for text in [
      #"""#, #"\"#, #"\\""#, #"a"b\c"#, #"\u0041"#, #"\""#, "\u{E9}\u{2014}\u{1F600}\u{FF}", "tab\tDEL\u{7F}",
    ] {
      let parsed = try Challenge(parsing: try challenge(description: text).serialized())
      #expect(parsed.description == text)
    }
    #expect(try Challenge(parsing: try challenge(realm: #"a"b\c"#).serialized()).realm == #"a"b\c"#)
  }

  @Test func headersAreVisibleASCIIAndLegalFieldValues() throws {
    let text = try challenge(description: "Caf\u{E9} \u{2014} \u{1F600} \u{7F}\t\u{0}").serialized()
    #expect(text.utf8.allSatisfy { (0x20...0x7E).contains($0) })
    #expect(HTTPField.isValidValue(text))
  }

  @Test(arguments: ["a|b", "bücher", "tab\t", "del\u{7F}", "\u{0}"])
  func whatTheMACCannotSeparateIsNotIssued(realm: String) throws {
    #expect(throws: ChallengeError.invalidCharacter(field: "realm")) {
      try challenge(realm: realm).serialized()
    }
    let mac = ChallengeMAC(secrets: SecretRing(unchecked: Secret("s")))
    let parameters = try challenge(realm: realm).parameters
    #expect(throws: ChallengeError.self) { try mac.issue(parameters) }
    let forged = Challenge(id: mac.id(for: parameters), parameters: parameters)
    #expect(!mac.verify(forged))
    #expect(mac.matchesUnchecked(forged))
  }

  @Test func everyCharacterIsJudgedAlikeAtEveryPosition() throws {
    for code in UInt8(0)...255 {
      let character = Character(Unicode.Scalar(code))
      let isAllowed = (0x20...0x7E).contains(code) && character != "|"
      for length in 0..<18 {
        let realm =
          String(repeating: "a", count: length) + String(character)
          + String(repeating: "b", count: 17 - length)
        let isIssued = (try? challenge(realm: realm).serialized()) != nil
        #expect(isIssued == isAllowed, "\(code) at \(length)")
      }
      guard code != 0x0D, code != 0x0A else { continue }
      let text = "0123456" + String(character) + "89"
      #expect(try Challenge(parsing: try challenge(description: text).serialized()).description == text)
    }
  }

  @Test func paymentInsideQuotesStartsNothing() throws {
    #expect(throws: ChallengeError.missingScheme) {
      try Challenge.parse(header: #"Bearer realm="a, Payment id=1, request=2""#)
    }
    let list = try Challenge.parse(header: header(#", description="x, Payment id=\"no\", Payment y""#))
    #expect(list.challenges.count == 1)
    #expect(list.diagnostics.isEmpty)
  }

  @Test func schemeIsCaseInsensitiveAndAWholeWord() throws {
    for scheme in ["payment", "PAYMENT", "pAyMeNt"] {
      #expect(try Challenge(parsing: scheme + header().dropFirst(7)).id == "x")
    }
    for text in [
      "xPayment a=b", "Payments a=b", "Bearer Payment a=b", "Payment", "Payment ", "Payment\u{A0}a=b", "",
    ] {
      #expect(throws: ChallengeError.missingScheme, "\(text)") { try Challenge.parse(header: text) }
    }
  }

  @Test func severalChallengesPerHeaderAndPerResponse() throws {
    let joined = [
      header(id: "a"), "Bearer realm=\"b\", error=\"x\"", header(id: "b"), "Negotiate abc==", header(id: "c"),
    ]
    let list = try Challenge.parse(header: joined.joined(separator: ", "))
    #expect(list.challenges.map(\.id) == ["a", "b", "c"])
    var fields = HTTPFields()
    for line in joined { fields.append(HTTPField(name: .wwwAuthenticate, value: line)) }
    #expect(try ChallengeList(fields: fields).challenges.map(\.id) == ["a", "b", "c"])
    #expect(throws: ChallengeError.missingScheme) { try ChallengeList(fields: HTTPFields()) }
  }

  @Test func oneBadChallengeDoesNotSpoilTheOthers() throws {
    let list = try Challenge.parse(
      header: "Payment id=\"y\", " + header(id: "a") + ", Payment !!!, " + header(id: "b"))
    #expect(list.challenges.map(\.id) == ["a", "b"])
    #expect(list.diagnostics == [.missingRequest, .malformedParameter])
  }

  @Test func brokenParametersAreRefused() {
    let cases: [(String, ChallengeError)] = [
      (header(", id=\"again\""), .duplicateParameter("id")),
      (header(", ID=again"), .duplicateParameter("id")),
      (header(", foo=1, FOO=2"), .duplicateParameter("foo")),
      (header(", description=\"oops"), .unterminatedQuotedString),
      (header(", description=\"oops\\"), .unterminatedQuotedString),
      (header(", =\"v\""), .malformedParameter),
      (header(", description=\"\\ud800\""), .malformedParameter),
      ("Payment id=\"x\", realm=\"r\", method=\"m\", intent=\"i\"", .missingRequest),
      ("Payment id=\"x\", realm=\"r\", method=\"m\", intent=\"i\", request=\"\"", .missingRequest),
      (header(id: ""), .invalidField("id")),
      ("Payment id=x, method=m, intent=i, request=\(request)", .invalidField("realm")),
      ("Payment id=x, realm=r, intent=i, request=\(request)", .invalidField("method")),
      ("Payment id=x, realm=r, method=m, request=\(request)", .invalidField("intent")),
      ("Payment id=x, realm=r, method=\"\", intent=i, request=\(request)", .invalidMethod("")),
      ("Payment id=x, realm=r, method=Tempo, intent=i, request=\(request)", .invalidMethod("Tempo")),
      ("Payment id=x, realm=r, method=m, intent=\"\", request=\(request)", .invalidField("intent")),
      (header(", expires=\"tomorrow\""), .invalidField("expires")),
      (header(", digest=\"md5=x\""), .invalidField("digest")),
      (header(", header=\"X-Pay\""), .unsupportedCredentialHeader),
    ]
    for (text, error) in cases {
      #expect(throws: error, "\(text)") { try Challenge(parsing: text) }
    }
  }

  @Test func unknownParametersAreIgnored() throws {
    let parsed = try Challenge(parsing: header(", meta=\"x\", __proto__=\"y\", foo=bar"))
    #expect(parsed == (try Challenge(parsing: header())))
  }

  @Test func emptyOptionalParametersAreAbsent() throws {
    let parsed = try Challenge(parsing: header(", description=\"\", digest=\"\", expires=\"\", opaque=\"\""))
    #expect(
      parsed.description == nil && parsed.digest == nil && parsed.expires == nil && parsed.opaque == nil)
  }

  @Test func theServerMayAskForAnotherCredentialHeader() throws {
    #expect(
      try Challenge(parsing: header(", header=\"Payment-Authorization\"")).credentialHeader
        == .paymentAuthorization)
    #expect(try Challenge(parsing: header(", header=authorization")).credentialHeader == .authorization)
    #expect(try Challenge(parsing: header()).credentialHeader == .authorization)
  }

  @Test func requestParameterHasALimit() {
    let text = "Payment id=x, realm=r, method=m, intent=i, request="
    #expect(throws: ChallengeError.requestTooLarge) {
      try Challenge(parsing: text + String(repeating: "A", count: 16_385))
    }
    #expect(throws: ChallengeError.invalidField("request")) {
      try Challenge(parsing: text + String(repeating: "A", count: 16_384))
    }
  }

  @Test func limitsHoldBeforeAnythingIsParsed() {
    #expect(throws: ChallengeError.headerTooLarge) {
      try Challenge.parse(header: header(", description=\"" + String(repeating: "a", count: 1 << 20) + "\""))
    }
    #expect(throws: ChallengeError.headerTooLarge) {
      try Challenge(parsing: String(repeating: "\"", count: 65_537))
    }
    var limits = ChallengeLimits()
    limits.maximumHeaderBytes = 1 << 22
    let parameters = (0..<10_000).map { ", p\($0)=v" }.joined()
    #expect(throws: ChallengeError.tooManyParameters) {
      try Challenge(parsing: header(parameters), limits: limits)
    }
    let challenges = String(repeating: header() + ", ", count: 65)
    #expect(throws: ChallengeError.tooManyChallenges) {
      try Challenge.parse(header: challenges, limits: limits)
    }
    #expect(throws: ChallengeError.tooManyChallenges) {
      try Challenge.parse(header: String(repeating: "Payment ,", count: 100_000), limits: limits)
    }
  }

  @Test func hostileHeadersTakeLinearTime() {
    var limits = ChallengeLimits()
    limits.maximumHeaderBytes = 1 << 21
    let pieces = ["\"", "\\", ",", " ", "Payment", "Payment=", "a=\"\\", "a=b", "\\ud83d", ", Payment \""]
    for piece in pieces {
      let text = "Payment " + String(repeating: piece, count: (1 << 20) / piece.utf8.count)
      #expect(throws: ChallengeError.self, "\(piece)") { try Challenge(parsing: text, limits: limits) }
    }
  }

  @Test func latin1OctetsAreRead() throws {
    var bytes = Array(header(", description=\"caf").utf8)
    bytes += [0xE9, UInt8(ascii: "\"")]
    let list = try ChallengeList(octets: bytes)
    #expect(list.challenges.first?.description == "caf\u{E9}")
  }

  @Test func duplicateKeysInARequestAreRefused() {
    let encoded = Base64URL.encode(Array(#"{"amount":"1","amount":"2"}"#.utf8))
    #expect(throws: ChallengeError.invalidField("request")) { try RawRequest(encoded: encoded) }
  }

  @Test func mutatedHeadersNeverCrash() throws {
    var generator = SeededGenerator(seed: 7)
    let original = Array(
      try challenge(description: "a \"quoted\" \u{2014} text", opaque: "e30").serialized().utf8)
    for _ in 0..<2000 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.remove(at: index)
        default: bytes.insert(UInt8.random(in: 0...127, using: &generator), at: index)
        }
      }
      _ = try? ChallengeList(octets: bytes)
    }
  }

  @Test func everyFieldThatCarriesASignatureOrMoneyIsSensitive() {
    for name in [
      ProtocolHeaders.authorization, ProtocolHeaders.paymentAuthorization, ProtocolHeaders.paymentReceipt,
      ProtocolHeaders.paymentSessionSnapshot, ProtocolHeaders.x402PaymentSignature,
    ] {
      #expect(ProtocolHeaders.sensitive.contains(name))
    }
  }
}
