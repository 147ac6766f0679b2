#if DEBUG
  import MPPCore
  import MPPTempo
  import Testing

  @testable import TempoRPC

  /// The rest of what arrives from outside, measured as in `LinearWorkTests`: events, preferences, receipts, snapshots
  /// and frames, and the sizes that a limit has to stop.
  @Suite struct LinearWireTests {
    typealias Shape = LinearWorkTests.Shape

    private static func repeated(_ piece: String, _ bytes: Int) -> String {
      String(repeating: piece, count: bytes / piece.utf8.count)
    }

    static let streams: [LinearWorkTests.Shape] = [
      Shape("events") { repeated("event: a\ndata: b\n\n", $0) },
      Shape("empty lines") { repeated("\n", $0) },
      Shape("carriage returns") { repeated("\r", $0) },
      Shape("data lines") { repeated("data: a\n", $0) },
      Shape("empty data lines") { repeated("data\n", $0) },
      Shape("names") { repeated("event: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", $0) },
      Shape("comments") { repeated(": a\n", $0) },
      Shape("one line") { "data: " + repeated("a", $0) },
      Shape("colons") { repeated(":", $0) },
      Shape("byte-order marks") { repeated("\u{FEFF}\n", $0) },
    ]

    @Test(arguments: streams) func eventStreamsAreLinearHoweverTheyAreCut(_ shape: LinearWorkTests.Shape)
      throws
    {
      try LinearWorkTests.expectLinear(shape, sizes: [16_000, 128_000]) { text in
        for size in [1, 7, 1000, 1 << 20] {
          var decoder = EventStreamDecoder()
          var rest = Array(text.utf8)[...]
          while !rest.isEmpty {
            do { _ = try decoder.append(rest.prefix(size)) } catch {}
            rest = rest.dropFirst(size)
          }
        }
      }
    }

    static let preferences: [LinearWorkTests.Shape] = [
      Shape("entries") { repeated("tempo/charge;q=0.5,", $0) },
      Shape("parameters") { "tempo/charge;" + repeated("a=b;", $0) },
      Shape("semicolons") { "tempo/charge" + repeated(";", $0) },
      Shape("slashes") { repeated("/", $0) },
      Shape("commas") { repeated(",", $0) },
      Shape("spaces") { repeated(" ", $0) + "tempo/charge" },
      Shape("one name") { repeated("a", $0) + "/b" },
    ]

    @Test(arguments: preferences) func preferencesAreLinear(_ shape: LinearWorkTests.Shape) throws {
      try LinearWorkTests.expectLinear(shape, sizes: [1000, 8000]) { text in
        do { _ = try AcceptPayment(parsing: text) } catch {}
      }
    }

    @Test(arguments: LinearWorkTests.texts) func receiptsSnapshotsAndFramesAreLinear(
      _ shape: LinearWorkTests.Shape
    ) throws {
      let wire = Shape(shape.description, factor: 4 * shape.factor + 20, shape.make)
      try LinearWorkTests.expectLinear(wire, sizes: [1500, 12_000]) { text in
        let header = Base64URL.encode(text.utf8)
        do { _ = try Receipt(parsing: header) } catch {}
        do { _ = try SessionReceipt(headerValue: header) } catch {}
        do { _ = try SessionSnapshot(headerValue: Base64.encode(text.utf8)) } catch {}
        _ = SocketFrame.read(text)
      }
    }

    @Test func aMegabyteOfHeaderIsLinearEvenWhereTheLimitIsLifted() throws {
      var limits = ChallengeLimits()
      limits.maximumHeaderBytes = 1 << 24
      for shape in LinearWorkTests.headers.prefix(14) {
        try LinearWorkTests.expectLinear(shape, sizes: [1 << 17, 1 << 20]) { text in
          do { _ = try Challenge.parse(header: text, limits: limits) } catch {}
          do { _ = try Challenge.parse(header: text) } catch {}
        }
      }
    }

    @Test func tenThousandParametersAreRefusedAtTheLimit() {
      let header = "Payment " + (0..<10_000).map { "p\($0)=\"v\"" }.joined(separator: ",")
      var limits = ChallengeLimits()
      limits.maximumHeaderBytes = 1 << 24
      let work = WorkMeter.measure {
        let list = try? Challenge.parse(header: header, limits: limits)
        #expect(list?.challenges.isEmpty != false)
        #expect(list?.diagnostics.allSatisfy { $0 == .tooManyParameters } != false)
      }
      #expect(work < 2 * header.utf8.count)
    }

    /// The parser recurses, so the depth is what keeps the stack: 128 at most, whatever the limit says.
    @Test func aHundredThousandLevelsAreRefusedEverywhere() throws {
      let depth = 100_000
      let limits = JSONLimits(maximumBytes: 1 << 24, maximumDepth: .max)
      for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        for text in [nested(open, depth), nested(open, depth) + "1" + nested(close, depth)] {
          let bytes = Array(text.utf8)
          let work = WorkMeter.measure {
            #expect(throws: JSONParseError.self) { try JSONValue(parsing: text, limits: limits) }
            #expect(throws: ChainError.self) {
              try JSONRPC.result(of: bytes, id: 1, limits: RPCAnswerLimits.json(bytes: 1 << 24))
            }
            let header = "Payment " + Base64URL.encode("{\"challenge\":{},\"payload\":\(text)}".utf8)
            #expect(throws: CredentialError.self) {
              try Credential(parsing: header, maximumTokenCharacters: 1 << 24)
            }
            #expect(throws: ReceiptError.self) { try Receipt(parsing: Base64URL.encode(bytes)) }
            #expect(SocketFrame.read(text) == .other(text) || text.utf8.count > SocketFrame.maximumBytes)
          }
          #expect(work < 20 * text.utf8.count)
        }
      }
      // Up to the depth that is allowed everything is read.
      let allowed = JSONLimits.default.maximumDepth
      #expect(throws: Never.self) { try JSONValue(parsing: nested("[", allowed) + nested("]", allowed)) }
      #expect(throws: JSONParseError.self) {
        try JSONValue(parsing: nested("[", allowed + 1) + nested("]", allowed + 1))
      }
    }

    private func nested(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
  }
#endif
