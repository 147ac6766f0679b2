import MPPCore
import Testing

/// The memory of authenticated challenges may make things faster, nothing else.
@Suite struct CredentialAuthenticatorTests {
  private let mac: ChallengeMAC
  private let authenticator: CredentialAuthenticator
  private let challenge: Challenge

  init() throws {
    mac = ChallengeMAC(secrets: try SecretRing([Secret("a secret of the test, 32 bytes long at least")]))
    authenticator = CredentialAuthenticator(mac: mac)
    challenge = try mac.issue(Self.parameters(amount: "100"))
  }

  private static func parameters(amount: String) throws -> ChallengeParameters {
    let request: JSONValue = [
      "amount": .string(amount), "currency": "0x20c0000000000000000000000000000000000000",
      "recipient": "0x1111111111111111111111111111111111111111",
      "methodDetails": ["chainId": 42431, "escrowContract": "0x4d50500000000000000000000000000000000000"],
    ]
    return ChallengeParameters(
      realm: "shop.example.com", method: "tempo", intent: "session", request: try RawRequest(request),
      expires: "2099-01-01T00:00:00.123456Z")
  }

  private func header(_ challenge: Challenge, amount: String = "1") -> String {
    Credential(
      challenge: challenge, payload: ["action": "voucher", "cumulativeAmount": .string(amount)],
      source: UnverifiedSource("did:x")
    ).serialized()
  }

  /// What the two steps without a memory say.
  private func plain(_ header: String) -> String {
    verdict { try Credential.find(inAuthorization: header).map { try mac.authenticate($0).credential } }
  }

  private func remembering(_ header: String, _ limit: Int = 65_536) -> String {
    verdict {
      try authenticator.find(inAuthorization: header, maximumTokenCharacters: limit).map {
        try authenticator.authenticate($0, header: header).credential
      }
    }
  }

  private func verdict(_ body: () throws -> Credential?) -> String {
    do {
      return try body().map { $0.jsonValue.serialized() } ?? "none"
    } catch let error as CredentialError {
      return "\(error)"
    } catch {
      return "\((error as? PaymentProblem)?.detail ?? "\(error)")"
    }
  }

  @Test func aRepeatedChallengeReadsLikeANewOne() {
    for amount in ["1", "2", "22", "333", "4444"] {
      let header = header(challenge, amount: amount)
      #expect(remembering(header) == plain(header))
      #expect(remembering(header) == header.decodedToken)
    }
  }

  @Test func everyChangedCharacterIsJudgedAsWithoutTheMemory() {
    let good = Array(header(challenge).utf8)
    #expect(remembering(String(decoding: good, as: UTF8.self)).hasPrefix("{"))
    var refused = 0
    for index in good.indices {
      for replacement in [UInt8(ascii: "A"), UInt8(ascii: "_"), UInt8(ascii: "="), UInt8(ascii: ",")] {
        var changed = good
        changed[index] = replacement
        let header = String(decoding: changed, as: UTF8.self)
        let expected = plain(header)
        if !expected.hasPrefix("{") { refused += 1 }
        #expect(remembering(header) == expected, "character \(index)")
      }
    }
    #expect(refused > good.count)
  }

  @Test func everyCutIsJudgedAsWithoutTheMemory() {
    let good = header(challenge)
    #expect(remembering(good).hasPrefix("{"))
    for count in stride(from: 1, to: good.utf8.count, by: 1) {
      let cut = String(good.dropLast(count))
      #expect(remembering(cut) == plain(cut), "without the last \(count)")
    }
    for addition in ["=", "==", "A", " ", ", Bearer x", ", " + good] {
      #expect(remembering(good + addition) == plain(good + addition), "with \(addition)")
    }
  }

  @Test func aSecondChallengeBehindTheFirstIsADuplicate() {
    let good = header(challenge)
    #expect(remembering(good).hasPrefix("{"))
    let json = good.decodedToken
    for member in [#","challenge":{}}"#, #","payload":1}"#, #","x":1,"x":2}"#, #","x":1}"#, "}", ",}", "x"] {
      let text = "Payment " + Base64URL.encode(Array((json.dropLast() + member).utf8))
      #expect(remembering(text) == plain(text), "with \(member)")
    }
  }

  @Test func whatWasNotAuthenticatedIsNotRemembered() throws {
    let foreign = ChallengeMAC(secrets: try SecretRing([Secret("another secret, that is 32 bytes long too")]))
    let forged = header(try foreign.issue(Self.parameters(amount: "1")))
    for _ in 0..<3 {
      #expect(remembering(forged) == plain(forged))
      #expect(!remembering(forged).hasPrefix("{"))
    }
  }

  @Test func theLengthLimitHoldsForKnownChallengesToo() {
    let good = header(challenge)
    #expect(remembering(good).hasPrefix("{"))
    #expect(remembering(good, good.utf8.count - "Payment ".utf8.count).hasPrefix("{"))
    #expect(remembering(good, good.utf8.count - "Payment ".utf8.count - 1) == "\(CredentialError.tooLarge)")
  }

  @Test func manyChallengesTakeOverEachOthersPlaces() throws {
    for number in 0..<5_000 {
      let header = header(try mac.issue(Self.parameters(amount: "\(number)")))
      #expect(remembering(header) == header.decodedToken)
    }
    #expect(remembering(header(challenge)) == header(challenge).decodedToken)
  }
}

extension String {
  fileprivate var decodedToken: String {
    String(decoding: (try? Base64URL.decode(dropFirst("Payment ".count))) ?? [], as: UTF8.self)
  }
}
