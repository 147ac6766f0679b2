#if DEBUG
  import MPPCore
  import MPPTempo
  import Testing

  @testable import EVM

  /// Hostile inputs of every shape that usually makes a parser quadratic: the bytes looked at stay within a small
  /// multiple of the bytes sent, and so does the growth from one size to eight times as much.
  @Suite struct LinearWorkTests {
    struct Shape: CustomStringConvertible, Sendable {
      let description: String
      /// Bytes looked at for each byte of input, at most, over all the parsers a test runs.
      let factor: Int
      let make: @Sendable (Int) -> String
      init(_ description: String, factor: Int = 10, _ make: @escaping @Sendable (Int) -> String) {
        self.description = description
        self.factor = factor
        self.make = make
      }
    }

    private static func repeated(_ piece: String, _ bytes: Int) -> String {
      String(repeating: piece, count: bytes / piece.utf8.count)
    }

    private static func numbered(_ bytes: Int, _ piece: (Int) -> String) -> String {
      let width = piece(100_000).utf8.count + 1
      return (0..<(bytes / width)).map { piece(100_000 + $0) }.joined(separator: ",")
    }

    static let texts: [Shape] = [
      Shape("deep arrays") { repeated("[", $0) },
      Shape("deep objects") { repeated("{\"a\":", $0) },
      Shape("closed arrays") { repeated("[", $0 / 2) + repeated("]", $0 / 2) },
      Shape("elements") { "[\(repeated("1,", $0))1]" },
      Shape("empty arrays") { "[\(repeated("[],", $0))1]" },
      // The keys are sorted to find duplicates: a logarithm more.
      Shape("members", factor: 30) { "{\(numbered($0) { "\"k\($0)\":0" })}" },
      Shape("members with a long common beginning", factor: 60) {
        let start = repeated("x", 200)
        return "{\(numbered($0) { "\"\(start)\($0)\":0" })}"
      },
      Shape("objects of sixteen keys", factor: 30) {
        let object =
          "{\((10..<26).map { "\"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\($0)\":0" }.joined(separator: ","))},"
        return "[\(repeated(object, $0))1]"
      },
      // Each of them is read twice where values are only passed over.
      Shape("objects of seventeen keys", factor: 40) {
        let object = "{\((10..<27).map { "\"\($0)\":0" }.joined(separator: ","))},"
        return "[\(repeated(object, $0))1]"
      },
      Shape("escapes", factor: 12) { "\"\(repeated("\\u00e9", $0))\"" },
      Shape("pairs", factor: 12) { "\"\(repeated("\\ud83d\\ude00", $0))\"" },
      Shape("backslashes", factor: 12) { "\"\(repeated("\\\\", $0))\"" },
      Shape("quotes") { repeated("\"", $0) },
      Shape("not ASCII", factor: 12) { "\"\(repeated("é", $0))\"" },
      Shape("unterminated") { "\"\(repeated("a", $0))" },
      Shape("digits") { repeated("1", $0) },
      Shape("numbers") { "[\(repeated("1.5e-7,", $0))1]" },
      Shape("white space") { repeated(" ", $0) },
      Shape("spaced elements") { "[\(repeated("  1  ,", $0))1]" },
    ]

    @Test(arguments: texts) func jsonIsLinear(_ shape: Shape) throws {
      let wide = JSONLimits(
        maximumBytes: 1 << 24, maximumDepth: 128, maximumMembers: 1 << 20, maximumElements: 1 << 20)
      try Self.expectLinear(shape, sizes: [16_000, 128_000]) { text in
        do { _ = try JSONValue(parsing: text, limits: wide) } catch {}
        do { _ = try JSONValue(parsing: text) } catch {}
      }
    }

    static let headers: [Shape] = [
      Shape("parameters") { "Payment \(numbered($0) { "p\($0)=\"v\"" })" },
      Shape("challenges") { repeated("Payment a=\"b\", ", $0) },
      Shape("schemes") { repeated("Payment ", $0) },
      Shape("schemes after commas") { repeated(",Payment ", $0) },
      Shape("escaped quotes") { "Payment id=\"\(repeated("\\\"", $0))" },
      Shape("pairs") { "Payment id=\"\(repeated("\\ud83d\\ude00", $0))\"" },
      Shape("open quotes") { "Payment \(repeated("a=\"", $0))" },
      Shape("spaces") { "Payment\(repeated(" ", $0))a=b" },
      Shape("commas") { "Payment \(repeated(",", $0))a=b" },
      Shape("unquoted values") { "Payment \(repeated("a= ,", $0))" },
      Shape("equal signs") { "Payment \(repeated("=", $0))" },
      Shape("other schemes") { repeated("Bearer x, ", $0) },
      Shape("spaces and commas") { repeated(" ,", $0) },
      Shape("a token") { "Payment \(repeated("A", $0))" },
      Shape("a token of JSON") {
        "Payment " + Base64URL.encode("{\"payload\":[\(repeated("0,", $0 / 2))0]}".utf8)
      },
      // Objects of more keys than are kept without a heap, inside each other: read again at each of the 32 levels.
      Shape("nested objects of many keys", factor: 80) { bytes in
        var text = repeated("x", bytes / 2)
        text = "\"\(text)\""
        for _ in 0..<28 { text = "{\"a\":\(text),\((10..<26).map { "\"\($0)\":0" }.joined(separator: ","))}" }
        let head =
          "{\"challenge\":{\"id\":\"x\",\"realm\":\"r\",\"method\":\"m\",\"intent\":\"i\",\"request\":\"e30\"},"
        return "Payment " + Base64URL.encode("\(head)\"payload\":\(text)}".utf8)
      },
      Shape("unknown members", factor: 30) {
        "Payment " + Base64URL.encode("{\(numbered($0 / 2) { "\"k\($0)\":0" })}".utf8)
      },
    ]

    @Test(arguments: headers) func headersAreLinear(_ shape: Shape) throws {
      var limits = ChallengeLimits()
      limits.maximumHeaderBytes = 1 << 24
      try Self.expectLinear(shape, sizes: [8_000, 64_000]) { text in
        do { _ = try Challenge.parse(header: text, limits: limits) } catch {}
        do { _ = try Challenge.parse(header: text) } catch {}
        do { _ = try Credential.find(inAuthorization: text) } catch {}
        do { _ = try Credential.extract(fromAuthorization: text) } catch {}
      }
    }

    /// What is larger than a limit is refused after looking at no more than the limit allows.
    @Test func aMegabyteIsRefusedUnread() throws {
      let header = "Payment " + String(repeating: "A", count: 1 << 20)
      #expect(
        WorkMeter.measure {
          #expect(throws: ChallengeError.headerTooLarge) { try Challenge.parse(header: header) }
        } == 0)
      #expect(
        WorkMeter.measure { #expect(throws: CredentialError.tooLarge) { try Credential(parsing: header) } }
          < 100)
      #expect(
        WorkMeter.measure { #expect(throws: ReceiptError.tooLarge) { try Receipt(parsing: header) } } == 0)
      #expect(
        WorkMeter.measure {
          #expect(throws: SessionSnapshotError.self) { try SessionSnapshot(headerValue: header) }
        } == 0)
      #expect(
        WorkMeter.measure {
          #expect(throws: SessionReceiptError.self) { try SessionReceipt(headerValue: header) }
        } == 0)
      let text = "\"" + String(repeating: "a", count: 1 << 20) + "\""
      #expect(
        WorkMeter.measure { #expect(throws: JSONParseError.self) { try JSONValue(parsing: text) } } == 0)
    }

    /// Ten thousand parameters cost no more than the thirty-two that are allowed.
    @Test func parametersBeyondTheLimitAreNotCompared() throws {
      let header = "Payment " + Self.numbered(60_000) { "p\($0)=\"v\"" }
      let work = WorkMeter.measure { _ = try? Challenge.parse(header: header) }
      #expect(work < 2 * header.utf8.count)
    }

    /// The decoders of the chain's formats pay for every item from a budget, which is the proof; this is the receipt.
    @Test func chainFormatsTakeNoMoreThanTheyWereSent() throws {
      let deep = [UInt8](repeating: 0xC1, count: 100_000)
      #expect(throws: RLPError.self) { try RLP.decode(deep) }
      let flat = RLP.encode(.list([RLPItem](repeating: .empty, count: 16_384)))
      #expect(throws: RLPError.limitExceeded) { try RLP.decode(flat) }
      // A thousand arrays that all point to one array of a thousand.
      let count = UInt256(1000 as UInt64).bytes32
      let offset = UInt256(32_000 as UInt64).bytes32
      let shared =
        UInt256(32 as UInt64).bytes32 + count + (0..<1000).flatMap { _ in offset } + count
        + [UInt8](repeating: 0, count: 32_000)
      #expect(throws: ABIError.outOfBounds) {
        try ABI.decode([.array(.array(.bool))], shared, form: .inBounds)
      }
    }

    static func expectLinear(_ shape: Shape, sizes: [Int], _ body: (String) -> Void) throws {
      var previous: (bytes: Int, work: Int)?
      for size in sizes {
        let text = shape.make(size)
        let work = WorkMeter.measure { body(text) }
        #expect(
          work <= shape.factor * (text.utf8.count + 64), "\(work) bytes looked at for \(text.utf8.count)")
        if let previous {
          let growth = Double(text.utf8.count) / Double(previous.bytes)
          #expect(
            Double(work) <= 1.6 * growth * Double(previous.work) + 1000,
            "\(previous.work) for \(previous.bytes) bytes became \(work) for \(text.utf8.count)")
        }
        previous = (text.utf8.count, work)
      }
    }
  }
#endif
