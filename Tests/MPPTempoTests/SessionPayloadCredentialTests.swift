import EVM
import MPPCore
import MPPTempo
import Tempo
import Testing

/// Vouchers are read off the text; the verdict is that of the tree, whatever the text.
struct SessionPayloadCredentialTests {
  private static let echo =
    #"{"id":"x","realm":"r","method":"tempo","intent":"session","request":"eyJhbW91bnQiOiIxIn0"}"#
  private static let signature = "0x" + String(repeating: "aB", count: 64) + "1b"
  private static let descriptor =
    #"{"payer":"\#(SessionPayloadTests.address)","payee":"\#(SessionPayloadTests.address)","#
    + #""operator":"\#(SessionPayloadTests.address)","token":"\#(SessionPayloadTests.address)","#
    + #""salt":"\#(SessionPayloadTests.word)","authorizedSigner":"\#(SessionPayloadTests.address)","#
    + #""expiringNonceHash":"\#(SessionPayloadTests.word)"}"#
  private static let voucher =
    #"{"action":"voucher","channelId":"\#(SessionPayloadTests.channel)","descriptor":\#(descriptor),"#
    + #""cumulativeAmount":"1234","signature":"\#(signature)"}"#

  private static let known = KnownDescriptors()

  private func credential(_ payload: some Sequence<UInt8>) -> Credential? {
    let text = Array(#"{"challenge":\#(Self.echo),"payload":"#.utf8) + payload + Array("}".utf8)
    return try? Credential(parsing: "Payment " + Base64URL.encode(text))
  }

  private func verdict(_ body: () throws(SessionPayloadError) -> SessionPayload) -> Result<
    SessionPayload, SessionPayloadError
  > {
    do throws(SessionPayloadError) { return .success(try body()) } catch { return .failure(error) }
  }

  /// Whether the payload is one, after both ways agreed.
  @discardableResult
  private func compare(_ payload: some Sequence<UInt8>, _ comment: String) -> Bool {
    guard let credential = credential(payload) else { return false }
    let text = verdict { () throws(SessionPayloadError) in try SessionPayload(parsing: credential) }
    let tree = verdict { () throws(SessionPayloadError) in try SessionPayload(parsing: credential.payload) }
    #expect(text == tree, "\(comment)")
    // The first time its descriptor may be a new one, the second time it is known.
    for _ in 0..<2 {
      let known = verdict { () throws(SessionPayloadError) in
        try SessionPayload(parsing: credential, known: Self.known)
      }
      #expect(known == tree, "\(comment), with known descriptors")
    }
    let action = credential.payload["action"]?.stringValue.flatMap(SessionAction.init(rawValue:))
    #expect(SessionPayload.action(of: credential) == action, "\(comment)")
    if case .success = text { return true }
    return false
  }

  @Test func everyChangedByteIsJudgedAsInATree() {
    let good = Array(Self.voucher.utf8)
    #expect(compare(good, "as it is"))
    var accepted = 0
    for index in good.indices {
      for byte in [
        UInt8(ascii: "0"), UInt8(ascii: "F"), UInt8(ascii: "g"), UInt8(ascii: "\""), UInt8(ascii: "x"),
        UInt8(ascii: " "),
      ] {
        var changed = good
        changed[index] = byte
        if compare(changed, "byte \(index) is \(byte)") { accepted += 1 }
      }
      compare(good[..<index] + good[(index + 1)...], "without byte \(index)")
      compare(good[...index] + good[index...], "byte \(index) twice")
    }
    #expect(accepted > 0)
  }

  @Test func payloadsOfOtherShapesAreReadAsTrees() {
    let voucher = Self.voucher.dropLast()
    for (payload, isGood) in [
      (voucher + #","unknown":"x"}"#, true), (voucher + #","unknown":{"a":[1,2]}}"#, true),
      (voucher + #","authorizationSignature":"0x12"}"#, true), (voucher + #","type":"transaction"}"#, true),
      (voucher + #","signature":"0x12"}"#, false),
      (Self.voucher.replacing(#""1234""#, with: #""00000000000000000000000001234""#), true),
      (Self.voucher.replacing(#""1234""#, with: #""79228162514264337593543950335""#), true),
      (Self.voucher.replacing(#""1234""#, with: #""79228162514264337593543950336""#), false),
      (Self.voucher.replacing(#""1234""#, with: #""12.5""#), false),
      (Self.voucher.replacing(#""1234""#, with: #""9999999999999999999""#), true),
      (Self.voucher.replacing(#""1234""#, with: #""18446744073709551616""#), true),
      (Self.voucher.replacing(#""1234""#, with: "1234"), false),
      (Self.voucher.replacing(Self.signature, with: "0x12"), true),
      (Self.voucher.replacing(Self.signature, with: "0x123"), true),
      (Self.voucher.replacing(Self.signature, with: "0x"), false),
      (Self.voucher.replacing(#""voucher""#, with: #""vouch\u0065r""#), true),
      (Self.voucher.replacing(#""payer""#, with: #""pay\u0065r""#), true),
      (Self.voucher.replacing(#""salt":"#, with: #""extra":"x","salt":"#), true),
      (Self.voucher.replacing(",", with: " , "), true), ("[]", false), ("null", false),
      (#""voucher""#, false),
    ] {
      #expect(compare(String(payload).utf8, String(payload)) == isGood, "\(payload)")
    }
  }

  @Test func otherActionsAreNamed() {
    for action in SessionAction.allCases + [] {
      let payload = #"{"x":{"y":"z"},"action":"\#(action.rawValue)"}"#
      #expect(credential(payload.utf8).map { SessionPayload.action(of: $0) } == action)
      compare(payload.utf8, payload)
    }
    for payload in [#"{"action":"steal"}"#, "{}", #"{"action":1}"#, #"{"x":1,"action":"open"}"#] {
      compare(payload.utf8, payload)
    }
  }
}
