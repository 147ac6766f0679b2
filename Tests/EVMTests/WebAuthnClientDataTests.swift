import EVM
import MPPCore
import Testing

@Suite struct WebAuthnClientDataTests {
  private let good =
    #"{"type":"webauthn.get","challenge":"abc","origin":"https://example.com","crossOrigin":false}"#

  private func read(_ text: String) -> WebAuthnClientData? {
    try? WebAuthnClientData(parsing: Array(text.utf8))
  }

  @Test func theTwoMembersAreReadWhateverElseThereIs() throws {
    for text in [
      good, #" { "challenge" : "abc" , "type" : "webauthn.get" } "#,
      #"{"a":{"type":"x","b":[1,-2.5e-7,true,false,null,"\"\u00e9\\"]},"type":"webauthn.get","challenge":"abc"}"#,
      #"{"type":"webauthn.get","challenge":"abc","é":[],"o":{},"z":0,"y":"\ud83d\ude00"}"#,
    ] {
      let data = try WebAuthnClientData(parsing: Array(text.utf8))
      #expect(data.type == "webauthn.get")
      #expect(data.challenge == "abc")
    }
  }

  @Test func membersThatAreMissingTwiceOrNoTextAreRefused() {
    for text in [
      "{}", #"{"type":"webauthn.get"}"#, #"{"challenge":"abc"}"#, #"{"type":1,"challenge":"abc"}"#,
      #"{"type":"a","challenge":null}"#, #"{"type":"a","type":"a","challenge":"abc"}"#,
      #"{"type":"a","challenge":"abc","challenge":"abc"}"#, #"{"type":"a","challenge":"b","x\u0041":1}"#,
      #"{"type":"a\u0041","challenge":"b"}"#, #"{"type":"a","challenge":"b\/"}"#,
      #"{"type":"a","challenge":"b","o":"\ud83d"}"#, #"{"type":"a","challenge":"b","o":"\ude00\ud83d"}"#,
      #"{"type":"a","challenge":"b","o":1e400}"#, #"{"type":"a","challenge":"b","o":-}"#,
      #"{"a":{"type":"a","challenge":"b"}}"#,
    ] {
      #expect(throws: EVMError.invalidClientData) { try WebAuthnClientData(parsing: Array(text.utf8)) }
    }
  }

  @Test func whatIsNoUTF8IsRefused() {
    for bytes: [UInt8] in [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]] {
      let text = Array(#"{"type":"a","challenge":"b","o":""#.utf8) + bytes + Array(#""}"#.utf8)
      #expect(throws: EVMError.invalidClientData) { try WebAuthnClientData(parsing: text) }
    }
  }

  @Test func depthIsBounded() {
    for (depth, isRead) in [(16, true), (17, false), (400, false)] {
      let nest = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
      let text = #"{"type":"a","challenge":"b","n":"# + nest + "}"
      #expect((read(text) != nil) == isRead, "depth \(depth)")
    }
  }

  /// Every single change of a byte, and every cut: whatever passes is JSON to the parser of the protocol too, with the
  /// same two members.
  @Test func nothingPassesThatIsNotJSON() throws {
    let text =
      #"{"type":"webauthn.get","challenge":"a-_9","n":[-1.5e+3,0,{"t":true,"f":null}],"s":"\u00e9\n"}"#
    let bytes = Array(text.utf8)
    var passed = 0
    var texts = (0..<bytes.count).map { Array(bytes[..<$0]) } + (0..<bytes.count).map { Array(bytes[$0...]) }
    for index in bytes.indices {
      for byte in UInt8.min...UInt8.max {
        var changed = bytes
        changed[index] = byte
        texts.append(changed)
      }
      var shorter = bytes
      shorter.remove(at: index)
      texts.append(shorter)
    }
    for text in texts {
      guard let data = try? WebAuthnClientData(parsing: text) else { continue }
      passed += 1
      let json: JSONValue
      do { json = try JSONValue(parsing: text) } catch {
        // The parser of the protocol refuses any name twice, which is no matter of form.
        let name = "\(error)".lowercased()
        #expect(name.contains("duplicate"), "\(String(decoding: text, as: UTF8.self)): \(error)")
        continue
      }
      #expect(json["type"]?.stringValue == data.type)
      #expect(json["challenge"]?.stringValue == data.challenge)
    }
    #expect(passed > 1_000)
  }
}
