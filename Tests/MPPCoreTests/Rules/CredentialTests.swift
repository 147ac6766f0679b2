import MPPCore
import Testing

@Suite struct CredentialTests {
  private func challenge() throws -> Challenge {
    Challenge(
      id: "x",
      parameters: ChallengeParameters(
        realm: "r", method: "tempo", intent: "charge", request: try RawRequest(["amount": "1"])))
  }

  private func header(_ json: String) -> String {
    "Payment " + Base64URL.encode(Array(json.utf8))
  }

  private let echo =
    #"{"id":"x","realm":"r","method":"tempo","intent":"charge","request":"eyJhbW91bnQiOiIxIn0"}"#

  @Test func twoPaymentCredentialsAreABadRequest() throws {
    for text in ["Payment a, Payment b", "payment a,PAYMENT b", "Payment a, Bearer x, Payment a"] {
      #expect(throws: CredentialError.multipleCredentials, "\(text)") {
        try Credential.extract(fromAuthorization: text)
      }
      #expect(throws: CredentialError.multipleCredentials, "\(text)") {
        try Credential.find(inAuthorization: text)
      }
    }
    let good = try Credential(challenge: challenge(), payload: [:]).serialized()
    #expect(throws: CredentialError.multipleCredentials) {
      try Credential.find(inAuthorization: good + ", " + good)
    }
    #expect(CredentialError.multipleCredentials.problem.code == .badRequest)
    #expect(CredentialError.multipleCredentials.problem.status == 400)
  }

  @Test func noPaymentCredentialIsNotAnError() throws {
    for text in ["", "Bearer x", "Payment", "Payment ", "Payment ,", "XPayment a", "Bearer Payment a", ",,,"]
    {
      #expect(try Credential.extract(fromAuthorization: text) == nil, "\(text)")
      #expect(try Credential.find(inAuthorization: text) == nil, "\(text)")
    }
  }

  @Test func otherSchemesArePassedOver() throws {
    let good = try Credential(challenge: challenge(), payload: ["a": 1], source: UnverifiedSource("did:x"))
      .serialized()
    for text in [good, "Bearer a, " + good, good + ", Basic b", " \t" + good + " ,"] {
      let found = try Credential.find(inAuthorization: text)
      #expect(found?.payload == ["a": 1])
      #expect(found?.source?.text == "did:x")
      #expect(try Credential.extract(fromAuthorization: text) == good)
    }
  }

  @Test func anOversizedTokenIsNotDecoded() throws {
    let text = "Payment " + String(repeating: "A", count: 65_537)
    #expect(throws: CredentialError.tooLarge) { try Credential(parsing: text) }
    #expect(throws: CredentialError.tooLarge) { try Credential.find(inAuthorization: text) }
    #expect(throws: CredentialError.tooLarge) {
      try Credential(parsing: "Payment " + String(repeating: "!", count: 1 << 20))
    }
    #expect(CredentialError.tooLarge.problem.detail == "Credential is malformed: Invalid base64url or JSON.")
  }

  @Test func membersThatComeTwiceAreRefused() {
    for json in [
      #"{"challenge":\#(echo),"challenge":\#(echo),"payload":{}}"#,
      #"{"challenge":\#(echo),"payload":{},"payload":{}}"#,
      #"{"challenge":\#(echo),"payload":null,"payload":{}}"#,
      #"{"challenge":\#(echo),"source":"","source":"a"}"#,
      #"{"challenge":\#(echo),"x":1,"x":2}"#, #"{"challenge":\#(echo),"payload":{"a":1,"a":2}}"#,
      #"{"challenge":\#(echo.dropLast()),"id":"y"},"payload":{}}"#,
      #"{"challenge":\#(echo.dropLast()),"\u0069d":"y"},"payload":{}}"#,
      #"{"challenge":\#(echo.dropLast()),"f":1,"f":1},"payload":{}}"#,
      #"{"challenge":\#(echo.dropLast()),"opaque":"e30","opaque":"e30"},"payload":{}}"#,
    ] {
      #expect(throws: CredentialError.invalidEncoding, "\(json)") { try Credential(parsing: header(json)) }
    }
  }

  @Test func brokenCredentialsAreTypedErrors() {
    for json in [
      "", "{", "[]", "null", "5", "{}", #"{"payload":{}}"#, #"{"challenge":5}"#, #"{"challenge":{}}"#,
      #"{"challenge":\#(echo)}x"#, #"{"challenge":\#(echo),}"#, #"{"challenge":\#(echo),"payload"}"#,
      #"{"challenge":\#(echo),"source":5}"#, #"{"challenge":\#(echo),"source":null}"#,
      #"{"challenge":[\#(echo)]}"#,
      #"{"challenge":\#(echo),"payload":\#(String(repeating: "[", count: 40_000))"#,
    ] {
      let text = header(json)
      #expect(throws: json.isEmpty ? CredentialError.missingScheme : .invalidEncoding, "\(json.prefix(80))") {
        try Credential(parsing: text)
      }
    }
  }

  @Test func anyOrderOfMembersAndEscapedKeysAreAccepted() throws {
    let json =
      #"{"source":"s","payload":{"b":[1]},"challenge":{"request":"eyJhbW91bnQiOiIxIn0","realm":"r","#
      + #""\u0069ntent":"charge","method":"tempo","id":"x"}}"#
    let credential = try Credential(parsing: header(json))
    #expect(credential.challenge == (try challenge()))
    #expect(credential.payload == ["b": [1]])
  }

  @Test func theRawRequestIsEchoedUnchanged() throws {
    let raw = Base64URL.encode(Array(#"{ "b":1, "a":2 }"#.utf8))
    let text = "Payment id=x, realm=r, method=tempo, intent=charge, request=\(raw), opaque=\"e30\""
    let challenge = try Challenge(parsing: text)
    let sent = Credential(challenge: challenge, payload: [:]).jsonValue
    #expect(sent["challenge"]?["request"]?.stringValue == raw)
    #expect(sent["challenge"]?["opaque"]?.stringValue == "e30")
  }

  @Test func credentialsAreNeverPrinted() throws {
    let credential = Credential(
      challenge: try challenge(), payload: ["signature": "0xsecret"], source: UnverifiedSource("did:secret"))
    var dumped = ""
    dump(credential, to: &dumped)
    for text in ["\(credential)", String(reflecting: credential), dumped] {
      #expect(!text.contains("secret"))
    }
  }

  @Test func sourcesAreReadStrictly() {
    let address = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    #expect(UnverifiedSource("did:pkh:eip155:42431:\(address)").account?.chainID == 42431)
    #expect(UnverifiedSource("did:pkh:eip155:42431:\(address)").account?.address == address)
    for text in [
      "did:pkh:eip155:042431:\(address)", "did:pkh:eip155::\(address)", "did:pkh:eip155:1:\(address)0",
      "did:pkh:eip155:1:70997970C51812dc3A010C7d01b50e0d17dc79C8aa", "did:pkh:solana:1:\(address)",
      "did:pkh:eip155:-1:\(address)", "did:pkh:eip155:9007199254740992:\(address)",
      "did:pkh:eip155:1:\(address) ",
    ] {
      #expect(UnverifiedSource(text).account == nil, "\(text)")
    }
  }

  @Test func mutatedCredentialsNeverCrashAndNeverPassTheMAC() throws {
    let mac = ChallengeMAC(secrets: SecretRing(unchecked: Secret("0123456789abcdef0123456789abcdef")))
    let issued = try mac.issue(
      ChallengeParameters(
        realm: "api.example.com", method: "tempo", intent: "charge",
        request: try RawRequest(["amount": "1000000"]),
        expires: "2025-01-06T12:00:00.000Z", opaque: "e30"))
    let original = Array(Credential(challenge: issued, payload: ["a": "b"]).jsonValue.serialized().utf8)
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<3000 {
      var bytes = original
      let index = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
      case 1: bytes.remove(at: index)
      default: bytes.insert(UInt8.random(in: 0...127, using: &generator), at: index)
      }
      guard let credential = try? Credential(parsing: "Payment " + Base64URL.encode(bytes)) else { continue }
      guard let authenticated = try? mac.authenticate(credential) else { continue }
      #expect(authenticated.challenge == issued || authenticated.challenge.description != nil)
    }
  }
}
