import EVM
import MPPCore
import MPPTempo
import Testing

struct SessionEventTests {
  private static let channel = Hash32.zero.hex
  private static let good: JSONValue = [
    "channelId": .string(channel), "requiredCumulative": "200", "acceptedCumulative": "100",
    "deposit": "1000",
  ]

  private func replacing(_ key: String, _ value: JSONValue?) -> JSONValue {
    var members = (Self.good.objectValue ?? []).filter { $0.key != key }
    if let value { members.append(.init(key: key, value: value)) }
    return .object(members)
  }

  @Test func needVoucherNeedsAllItsMembersAsBaseUnits() throws {
    #expect(try NeedVoucher(parsing: replacing("extra", 1)).deposit == Amount(units: 1000))
    for member in Self.good.objectValue ?? [] {
      for bad: JSONValue? in [nil, 5, .null, "", "-1", "0x10", "1.5"] {
        #expect(throws: SessionEventError.self, "\(member.key)") {
          try NeedVoucher(parsing: replacing(member.key, bad))
        }
      }
    }
  }

  @Test(arguments: ["payment-need-voucher", "payment-receipt", " payment-receipt\t"])
  func aMalformedPaymentEventIsNeitherObeyedNorShown(_ name: String) {
    for data in ["", "{}", "null", "nope", "{\"channelId\":", "[]"] {
      #expect(throws: SessionEventError.self) { try SessionEvent(ServerSentEvent(name: name, data: data)) }
    }
  }

  @Test func unknownEventsAreMessages() throws {
    for name in ["", "message", "payment-refund", "Payment-Receipt", "x"] {
      #expect(try SessionEvent(ServerSentEvent(name: name, data: "d")) == .message("d"))
    }
  }

  @Test func framesThatClaimToBePaymentFramesAreNeverApplicationData() {
    for text in [
      #"{"mpp":1}"#, #"{"mpp":null}"#, #"{"mpp":"message"}"#, #"{"mpp":"message","data":{}}"#,
      #"{"mpp":"payment-error","status":402.5,"message":"m"}"#, #"{"mpp":"MESSAGE","data":"x"}"#,
      #"{"x":1,"mpp":"authorization"}"#,
    ] {
      #expect(SocketFrame.read(text) == .invalid, "\(text)")
    }
    #expect(SocketFrame.read(#"{"data":"mpp"}"#) == .other(#"{"data":"mpp"}"#))
    #expect(SocketFrame.read("[{\"mpp\":\"message\"}]") == .other("[{\"mpp\":\"message\"}]"))
  }

  @Test func framesAreBounded() {
    let frame = SocketFrame.message(String(repeating: "a", count: SocketFrame.maximumBytes - 27))
    #expect(frame.text().utf8.count == SocketFrame.maximumBytes)
    #expect(SocketFrame.read(frame.text()) == .frame(frame))
    #expect(SocketFrame.read(frame.text() + " ") == .invalid)
  }

  @Test func applicationDataThatLooksLikeAFrameStaysApplicationData() {
    let inner = SocketFrame.closeRequest.text()
    #expect(SocketFrame(parsing: SocketFrame.message(inner).text()) == .message(inner))
  }
}
