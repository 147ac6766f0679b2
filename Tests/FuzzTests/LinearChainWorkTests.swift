#if DEBUG
  import MPPCore
  import Tempo
  import Testing

  @testable import EVM

  /// The formats of the chain, measured: what is read, hashed and written for hostile bytes, and what is made of them,
  /// stays within a small multiple of the bytes, and eight times the bytes is eight times the work.
  @Suite struct LinearChainWorkTests {
    struct Shape: CustomStringConvertible, Sendable {
      let description: String
      /// Bytes looked at for each byte of input, at most.
      let factor: Int
      let make: @Sendable (Int) -> [UInt8]
      init(_ description: String, factor: Int = 4, _ make: @escaping @Sendable (Int) -> [UInt8]) {
        self.description = description
        self.factor = factor
        self.make = make
      }
    }

    // MARK: RLP

    private static let wide = RLP.Limits(
      maximumBytes: 1 << 24, maximumDepth: 1 << 10, maximumItems: 1 << 24)

    /// A list around bytes that are already encoded.
    private static func list(_ payload: [UInt8]) -> [UInt8] {
      guard payload.count > 55 else { return [0xC0 + UInt8(payload.count)] + payload }
      let length = UInt256(UInt64(payload.count)).minimalBytes
      return [0xF7 + UInt8(length.count)] + length + payload
    }

    private static func repeated(_ piece: [UInt8], _ bytes: Int) -> [UInt8] {
      [[UInt8]](repeating: piece, count: bytes / piece.count).flatMap(\.self)
    }

    static let encodings: [Shape] = [
      Shape("empty texts") { list(repeated([0x80], $0)) },
      Shape("single bytes") { list(repeated([0x01], $0)) },
      Shape("empty lists") { list(repeated([0xC0], $0)) },
      Shape("lists of one") { list(repeated([0xC1, 0x80], $0)) },
      Shape("one text") { RLP.encode(.bytes([UInt8](repeating: 0xFF, count: $0))) },
      Shape("texts of 56 bytes") { list(repeated([0xB8, 56] + [UInt8](repeating: 1, count: 56), $0)) },
      Shape("lists of eight levels", factor: 10) {
        var inner = repeated([0x01], $0)
        for _ in 0..<8 { inner = list(inner) }
        return inner
      },
      Shape("open lists") { repeated([0xF8], $0) },
      Shape("deep lists") { repeated([0xC1], $0) },
      Shape("a length beyond the end") { [0xFB, 0xFF, 0xFF, 0xFF, 0xFF] + repeated([0x80], $0) },
    ]

    @Test(arguments: encodings) func rlpIsLinear(_ shape: Shape) throws {
      try Self.expectLinear(shape, sizes: [16_000, 128_000]) { bytes in
        do { _ = try RLP.decode(bytes, limits: Self.wide) } catch {}
        do { _ = try RLP.decode(bytes) } catch {}
      }
    }

    /// What the encoder writes again costs its bytes once for each level they are in.
    @Test(arguments: encodings) func rlpIsWrittenLinearly(_ shape: Shape) throws {
      let written = Shape(shape.description, factor: 2 * shape.factor + 4, shape.make)
      try Self.expectLinear(written, sizes: [16_000, 128_000]) { bytes in
        do { _ = RLP.encode(try RLP.decode(bytes, limits: Self.wide)) } catch {}
      }
    }

    /// Limits are looked at before anything is read or made.
    @Test func whatIsLargerThanALimitIsRefusedUnread() throws {
      let large = [UInt8](repeating: 0x80, count: 1 << 20)
      let nothing = ChainWorkMeter.Work(lookedAt: 0, items: 0, bytes: 0)
      #expect(
        ChainWorkMeter.measure { #expect(throws: RLPError.limitExceeded) { try RLP.decode(large) } }
          == nothing)
      #expect(
        ChainWorkMeter.measure {
          #expect(throws: TempoError.self) { try SignedTempoTransaction(parsing: [0x76] + large) }
          #expect(throws: TempoError.self) { try SignedKeyAuthorization(parsing: large) }
          #expect(throws: TempoError.self) { try SignatureEnvelope(parsing: [0x02] + large) }
        } == nothing)
      let items = RLP.encode(.list([RLPItem](repeating: .empty, count: 100_000)))
      let work = ChainWorkMeter.measure { #expect(throws: RLPError.self) { try RLP.decode(items) } }
      #expect(work.items <= 16_385)
    }

    // MARK: ABI

    private static func joined(_ parts: [UInt8]...) -> [UInt8] { parts.flatMap(\.self) }

    private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    private static func word(_ value: Int) -> [UInt8] { UInt256(UInt64(value)).bytes32 }

    /// The types that each text is read as.
    private static let types: [[ABIType]] = [
      [.array(.uint(256))], [.array(.array(.uint(256)))], [.bytes], [.string], [.array(.bytes)],
      [.array(.tuple([.address, .array(.bytes)]))], [.array(.fixedArray(.uint(8), 4))],
    ]

    static let calldata: [Shape] = [
      Shape("zeros", factor: 60) { [UInt8](repeating: 0, count: $0) },
      Shape("ones", factor: 60) { [UInt8](repeating: 0xFF, count: $0) },
      Shape("an array of words", factor: 60) {
        joined(word(32), word($0 / 32), zeros($0 / 32 * 32))
      },
      Shape("arrays that share one array", factor: 60) { bytes in
        let count = bytes / 64
        return joined(
          word(32), word(count), repeated(word(count * 32), count * 32), word(count), zeros(count * 32))
      },
      Shape("arrays that point to themselves", factor: 60) { repeated(word(32), $0) },
      Shape("texts that share their bytes", factor: 60) { bytes in
        let count = bytes / 64
        return joined(
          word(32), word(count), repeated(word(count * 32), count * 32), word(count * 31),
          [UInt8](repeating: 0x41, count: count * 31))
      },
    ]

    @Test(arguments: calldata) func abiIsLinear(_ shape: Shape) throws {
      try Self.expectLinear(shape, sizes: [16_000, 128_000]) { bytes in
        for types in Self.types {
          do { _ = try ABI.decode(types, bytes) } catch {}
          do { _ = try ABI.decode(types, bytes, form: .inBounds) } catch {}
        }
      }
    }

    // MARK: Transactions, authorizations, signatures

    private static let key = try? Secp256k1PrivateKey([UInt8](repeating: 7, count: 32))

    private static func signed(_ change: (inout TempoTransaction) -> Void) -> [UInt8] {
      var transaction = TempoTransaction(
        chainID: 1337, maxPriorityFeePerGas: 1, maxFeePerGas: 2, gas: 100_000,
        calls: [Call(to: TempoAddress.pathUSD, value: .zero, data: [])], nonceKey: .zero, nonce: 0)
      change(&transaction)
      guard let key, let signed = try? transaction.signed(with: key) else { return [] }
      return signed.serialized
    }

    static let transactions: [Shape] = [
      Shape("one call", factor: 30) { bytes in
        signed { $0.calls[0].data = [UInt8](repeating: 0xFF, count: bytes) }
      },
      Shape("calls", factor: 30) { bytes in
        signed {
          $0.calls = [Call](
            repeating: Call(
              to: TempoAddress.pathUSD, value: .zero, data: [UInt8](repeating: 1, count: bytes / 32)),
            count: 32)
        }
      },
      Shape("an access list", factor: 30) { bytes in
        signed {
          let keys = [Hash32](repeating: Keccak256.hash([1]), count: 16)
          $0.accessList = [AccessListEntry](
            repeating: AccessListEntry(address: TempoAddress.pathUSD, storageKeys: keys),
            count: bytes / 560)
        }
      },
      Shape("no transaction", factor: 30) { [0x76] + list(repeated([0x80], $0)) },
      Shape("open lists", factor: 30) { [0x76] + repeated([0xF8], $0) },
    ]

    @Test(arguments: transactions) func transactionsAreLinear(_ shape: Shape) throws {
      try Self.expectLinear(shape, sizes: [8_000, 64_000]) { bytes in
        do {
          let signed = try SignedTempoTransaction(parsing: bytes)
          _ = try signed.recoverSender()
          _ = signed.hash
        } catch {}
        do { _ = try SignedKeyAuthorization(parsing: bytes) } catch {}
        do { _ = try SignatureEnvelope(parsing: bytes) } catch {}
      }
    }

    /// An authorization as long as one can be: as many limits, or one selector with as many recipients in each scope.
    private static func authorization(_ bytes: Int, ofLimits: Bool) -> [UInt8] {
      guard let key else { return [] }
      var authorization = KeyAuthorization(chainID: 1337, keyType: .secp256k1, keyID: key.address)
      if ofLimits {
        authorization.limits = [SpendingLimit](
          repeating: SpendingLimit(token: key.address, amount: UInt256(1 as UInt64), period: 1),
          count: bytes / 40)
      } else if let selector = try? Selector([1, 2, 3, 4]) {
        let rule = SelectorRule(
          selector: selector, recipients: [Address](repeating: key.address, count: 8))
        authorization.allowedCalls = [CallScope](
          repeating: CallScope(target: key.address, rules: [rule, rule]), count: bytes / 400)
      }
      return SignedKeyAuthorization(authorization, signature: .secp256k1(key.sign(authorization.hash)))
        .serialized
    }

    static let authorizations: [Shape] = [
      Shape("limits", factor: 40) { authorization($0, ofLimits: true) },
      Shape("scopes", factor: 40) { authorization($0, ofLimits: false) },
    ]

    @Test(arguments: authorizations) func keyAuthorizationsAreLinear(_ shape: Shape) throws {
      try Self.expectLinear(shape, sizes: [1_200, 9_600]) { bytes in
        do {
          let signed = try SignedKeyAuthorization(parsing: bytes)
          _ = try signed.signer()
          _ = signed.serialized
        } catch { Issue.record("\(error)") }
      }
    }

    static let clientData: [Shape] = [
      Shape("members") { object((0..<($0 / 12)).map { "\"k\(100_000 + $0)\":0" }) },
      Shape("a long name") { object(["\"\(text("a", $0))\":0"]) },
      Shape("a long text") { object(["\"a\":\"\(text("a", $0))\""]) },
      Shape("escapes") { object(["\"a\":\"\(text("\\u00e9", $0))\""]) },
      Shape("arrays") { object(["\"a\":[\(text("[],", $0))[]]"]) },
      Shape("deep arrays") { object(["\"a\":" + text("[", $0)]) },
      Shape("numbers") { object(["\"a\":[\(text("-1.5e7,", $0))1]"]) },
      Shape("digits") { object(["\"a\":\(text("1", $0))"]) },
      Shape("spaces") { object([text(" ", $0)]) },
      Shape("a long challenge", factor: 6) { object(["\"challenge\":\"\(text("a", $0))\""]) },
    ]

    private static func text(_ piece: String, _ bytes: Int) -> String {
      String(repeating: piece, count: bytes / piece.utf8.count)
    }

    private static func object(_ members: [String]) -> [UInt8] {
      Array("{\"type\":\"webauthn.get\",\(members.joined(separator: ","))}".utf8)
    }

    @Test(arguments: clientData) func clientDataIsLinear(_ shape: Shape) throws {
      try Self.expectLinear(shape, sizes: [4_000, 32_000]) { bytes in
        do { _ = try WebAuthnClientData(parsing: bytes) } catch {}
      }
    }

    private static func assertion(_ clientData: [UInt8]) -> [UInt8] {
      joined([0x02], [UInt8](repeating: 1, count: 37), clientData, [UInt8](repeating: 1, count: 128))
    }

    /// A passkey's signature with client data as long as it may be, bare and by an access key.
    @Test func envelopesAreLinear() throws {
      let shapes = [
        Shape("client data", factor: 12) { bytes in
          let data = Self.object(["\"challenge\":\"x\"", "\"a\":\"\(Self.text("a", bytes - 300))\""])
          return Self.assertion(data)
        },
        Shape("an access key", factor: 12) { bytes in
          let data = Self.object(["\"challenge\":\"x\"", "\"a\":\"\(Self.text("a", bytes - 300))\""])
          return Self.joined([0x04], [UInt8](repeating: 2, count: 20), Self.assertion(data))
        },
      ]
      for shape in shapes {
        try Self.expectLinear(shape, sizes: [350, 1900]) { bytes in
          do {
            let envelope = try SignatureEnvelope(parsing: bytes)
            #expect(envelope.serialized == bytes)
          } catch { Issue.record("\(error)") }
        }
      }
    }

    // MARK: Hexadecimal

    static let digits: [Shape] = [
      Shape("digits") { Array(("0x" + text("ab", $0)).utf8) },
      Shape("a bad end") { Array(("0x" + text("ab", $0) + "zz").utf8) },
      Shape("an odd number") { Array(("0x" + text("ab", $0) + "a").utf8) },
      Shape("no prefix") { Array(text("ab", $0).utf8) },
      Shape("zeros") { Array(("0x" + text("0", $0)).utf8) },
    ]

    @Test(arguments: digits) func hexIsLinear(_ shape: Shape) throws {
      try Self.expectLinear(shape, sizes: [16_000, 128_000]) { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        do { _ = try Hex.decode(text) } catch {}
        do { _ = try Address(hex: text) } catch {}
        do { _ = try Hash32(hex: text) } catch {}
        do { _ = try UInt256(quantity: text) } catch {}
      }
    }

    // MARK: JSON, what it is made of

    /// A value is made of at least a byte, a member's place of at least five, and no text twice.
    @Test(arguments: LinearWorkTests.texts) func jsonTakesNoMoreMemoryThanItIsLong(
      _ shape: LinearWorkTests.Shape
    ) throws {
      let wide = JSONLimits(
        maximumBytes: 1 << 24, maximumDepth: 128, maximumMembers: 1 << 20, maximumElements: 1 << 20)
      var previous: (bytes: Int, work: Int)?
      for size in [16_000, 128_000] {
        let text = shape.make(size)
        let work = WorkMeter.work { do { _ = try JSONValue(parsing: text, limits: wide) } catch {} }
        let bytes = text.utf8.count
        #expect(work.values <= 3 * bytes + 64, "\(work) for \(bytes)")
        #expect(work.bytes <= 2 * bytes + 64, "\(work) for \(bytes)")
        let made = work.values + work.bytes
        if let previous { Self.expectGrowth(from: previous, to: (bytes, made)) }
        previous = (bytes, made)
      }
    }

    // MARK: Measuring

    static func expectLinear(_ shape: Shape, sizes: [Int], _ body: ([UInt8]) -> Void) throws {
      var previous: (bytes: Int, looked: Int, made: Int)?
      for size in sizes {
        let bytes = shape.make(size)
        try #require(!bytes.isEmpty)
        let work = ChainWorkMeter.measure { body(bytes) }
        let made = work.items + work.bytes
        #expect(work.lookedAt <= shape.factor * (bytes.count + 64), "\(work) for \(bytes.count)")
        #expect(made <= shape.factor * (bytes.count + 64), "\(work) for \(bytes.count)")
        if let previous {
          expectGrowth(from: (previous.bytes, previous.looked), to: (bytes.count, work.lookedAt))
          expectGrowth(from: (previous.bytes, previous.made), to: (bytes.count, made))
        }
        previous = (bytes.count, work.lookedAt, made)
      }
    }

    private static func expectGrowth(from small: (bytes: Int, work: Int), to large: (bytes: Int, work: Int)) {
      let growth = Double(large.bytes) / Double(small.bytes)
      #expect(
        Double(large.work) <= 1.6 * growth * Double(small.work) + 2000,
        "\(small.work) for \(small.bytes) bytes became \(large.work) for \(large.bytes)")
    }
  }
#endif
