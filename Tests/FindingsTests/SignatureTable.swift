import Crypto
import EVM
import MPPCore
import Tempo

/// Right and wrong signatures of every scheme, each made for a digest that is known later.
enum SignatureTable {
  struct Entry: Sendable {
    let name: String
    /// Whose signature it claims to be.
    let signer: Address
    /// Whether the signature is good, and of somebody else.
    var isForeign = false
    let verdict: Verdict
    /// What else than the digest in question is signed.
    var domain = Domain.right
    let make: @Sendable (Hash32) throws -> [UInt8]

    /// The same entry with other bytes.
    func remade(_ make: @escaping @Sendable (Hash32) throws -> [UInt8]) -> Entry {
      Entry(name: name, signer: signer, isForeign: isForeign, verdict: verdict, domain: domain, make: make)
    }
  }

  enum Verdict: Sendable {
    case valid
    case invalid
    /// `v` 0 and 1: the chain normalises them in transactions and in what its contracts are given; we do it in transactions only.
    case validOnChain
  }

  enum Domain: Sendable, CaseIterable {
    case right
    case otherChain
    case otherContract
    case otherAmount
    case otherChannel
  }

  /// The three keys of the table; each is of one kind, as access keys are.
  struct Keys: Sendable {
    let secp256k1: Secp256k1PrivateKey
    let p256: P256PrivateKey
    let passkey: P256PrivateKey

    init() throws {
      secp256k1 = try Secp256k1PrivateKey([UInt8](repeating: 0x11, count: 32))
      p256 = try P256PrivateKey([UInt8](repeating: 0x12, count: 32))
      passkey = try P256PrivateKey([UInt8](repeating: 0x13, count: 32))
    }

    /// With the number of the kind in key authorizations.
    var all: [(address: Address, type: PrimitiveSignature.Kind)] {
      [(secp256k1.address, .secp256k1), (p256.address, .p256), (passkey.address, .webAuthn)]
    }
  }

  static func primitives(_ keys: Keys) throws -> [Entry] {
    let (key, p256, passkey) = (keys.secp256k1, keys.p256, keys.passkey)
    let recoverable = Scheme(name: "secp256k1", signer: key.address, words: 0) { key.sign($0).bytes65 }
    let bare = Scheme(name: "p256", signer: p256.address, words: 1) {
      try P256Signer(key: p256).signature(over: $0).serialized
    }
    let hashed = Scheme(name: "p256 prehash", signer: p256.address, words: 1) {
      try P256Signer(key: p256, prehash: true).signature(over: $0).serialized
    }
    let assertion = Scheme(name: "webAuthn", signer: passkey.address, words: nil) {
      try Assertion(key: passkey).bytes(for: $0)
    }
    var entries = [recoverable, bare, hashed, assertion].flatMap { common($0) + domains($0) }
    entries += infinity(recoverable)
    entries += recoveryBytes(recoverable) + types(recoverable, [0x00, 0x01, 0x02], prefixing: true)
    for scheme in [bare, assertion] {
      entries += types(scheme, [0x00, 0x03, 0x04, 0x05, 0x06, 0xff], prefixing: false)
    }
    entries += try points(bare, p256) + points(hashed, p256) + points(assertion, passkey)
    return entries + prehashBytes(bare) + assertions(passkey)
  }

  struct Scheme: Sendable {
    let name: String
    let signer: Address
    /// Where `r` begins; counted from the end when nil.
    let words: Int?
    let sign: @Sendable (Hash32) throws -> [UInt8]

    func entry(
      _ what: String, _ verdict: Verdict, signer: Address? = nil,
      _ change: @escaping @Sendable (inout [UInt8], Scheme) throws -> Void
    ) -> Entry {
      let scheme = self
      return Entry(name: "\(name): \(what)", signer: signer ?? self.signer, verdict: verdict) { digest in
        var bytes = try scheme.sign(digest)
        try change(&bytes, scheme)
        return bytes
      }
    }

    /// Replaces one of the words `r`, `s`, `X`, `Y`.
    func set(_ index: Int, of bytes: inout [UInt8], to word: [UInt8]) {
      let start = (words ?? bytes.count - 128) + 32 * index
      bytes.replaceSubrange(start..<start + 32, with: word)
    }

    func word(_ index: Int, of bytes: [UInt8]) throws -> Hash32 {
      let start = (words ?? bytes.count - 128) + 32 * index
      return try Hash32(bytes[start..<start + 32])
    }

    var order: Hash32 { words == 0 ? Secp256k1.order : P256Signature.order }
    var halfOrder: Hash32 { words == 0 ? Secp256k1.halfOrder : P256Signature.halfOrder }
  }

  private static let zeros = [UInt8](repeating: 0, count: 32)
  private static let ones = [UInt8](repeating: 0xff, count: 32)

  /// What is wrong in the same way on both curves.
  private static func common(_ scheme: Scheme) -> [Entry] {
    let order = scheme.order.bytes
    return [
      scheme.entry("as it should be", .valid) { _, _ in },
      scheme.entry("high s", .invalid) { bytes, scheme in
        let s = UInt256(try scheme.word(1, of: bytes))
        scheme.set(1, of: &bytes, to: try UInt256(scheme.order).subtracting(s).word.bytes)
        if scheme.words == 0 { bytes[64] = 55 - bytes[64] }
      },
      scheme.entry("r zero", .invalid) { $1.set(0, of: &$0, to: zeros) },
      scheme.entry("s zero", .invalid) { $1.set(1, of: &$0, to: zeros) },
      scheme.entry("r and s zero", .invalid) { bytes, scheme in
        scheme.set(0, of: &bytes, to: zeros)
        scheme.set(1, of: &bytes, to: zeros)
      },
      scheme.entry("r = n", .invalid) { $1.set(0, of: &$0, to: order) },
      scheme.entry("s = n", .invalid) { $1.set(1, of: &$0, to: order) },
      scheme.entry("r above n", .invalid) { $1.set(0, of: &$0, to: ones) },
      scheme.entry("r of something else", .invalid) {
        $1.set(0, of: &$0, to: [UInt8](repeating: 5, count: 32))
      },
      scheme.entry("one byte short", .invalid) { bytes, _ in bytes.removeLast() },
      scheme.entry("one byte more", .invalid) { bytes, _ in bytes.append(0) },
      scheme.entry("one byte in front", .invalid) { bytes, _ in bytes.insert(0, at: 0) },
      scheme.entry("marker behind", .invalid) { bytes, _ in bytes += [UInt8](repeating: 0x77, count: 32) },
      scheme.entry("half", .invalid) { bytes, _ in bytes.removeLast(bytes.count / 2) },
      scheme.entry("one byte", .invalid) { bytes, _ in bytes.removeLast(bytes.count - 1) },
      scheme.entry("empty", .invalid) { bytes, _ in bytes = [] },
      Entry(
        name: "\(scheme.name): of another signer", signer: TempoAddress.dex, isForeign: true,
        verdict: .invalid,
        make: scheme.sign),
    ]
  }

  /// A signature whose recovered key is the point at infinity: R = ±G and s·R = z·G, so that nothing is left of
  /// (s·R − z·G)/r. Claimed for the right signer, and for the address that coordinates of zero would have.
  private static func infinity(_ scheme: Scheme) -> [Entry] {
    let nobody = Address(truncating: Keccak256.hash(zeros + zeros))
    return [("infinity", scheme.signer), ("infinity as zeros", nobody)].map { name, signer in
      scheme.entry(name, .invalid, signer: signer) { _, _ in }.remade { digest in
        let order = UInt256(Secp256k1.order)
        let z = UInt256(digest) < order ? UInt256(digest) : try UInt256(digest).subtracting(order)
        // The y of G is even.
        let (s, v): (Hash32, UInt8) =
          Secp256k1.isHighS(z.word) ? (try order.subtracting(z).word, 28) : (z.word, 27)
        return try Hash32(hex: generatorX).bytes + s.bytes + [v]
      }
    }
  }

  /// x of the generator of secp256k1.
  private static let generatorX = "0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"

  private static func domains(_ scheme: Scheme) -> [Entry] {
    Domain.allCases.filter { $0 != .right }.map { domain in
      Entry(
        name: "\(scheme.name): \(domain)", signer: scheme.signer, verdict: .invalid, domain: domain,
        make: scheme.sign)
    }
  }

  private static func recoveryBytes(_ scheme: Scheme) -> [Entry] {
    let other = scheme.entry("the other v", .invalid) { bytes, _ in bytes[64] = 55 - bytes[64] }
    let parity = scheme.entry("v 0 or 1", .validOnChain) { bytes, _ in bytes[64] -= 27 }
    let swapped = scheme.entry("the other of v 0 and 1", .invalid) { bytes, _ in bytes[64] = 28 - bytes[64] }
    return [other, parity, swapped]
      + [UInt8(2), 26, 29, 35, 36, 255].map { v in
        scheme.entry("v \(v)", .invalid) { bytes, _ in bytes[64] = v }
      }
  }

  private static func types(_ scheme: Scheme, _ types: [UInt8], prefixing: Bool) -> [Entry] {
    types.map { type in
      scheme.entry("type \(type)", .invalid) { bytes, _ in
        if prefixing { bytes.insert(type, at: 0) } else { bytes[0] = type }
      }
    }
  }

  /// Keys that are no points, with the address that such a key would have.
  private static func points(_ scheme: Scheme, _ key: P256PrivateKey) throws -> [Entry] {
    let (x, y) = (key.publicKey.x, key.publicKey.y)
    let flipped = try Hash32(y.bytes.dropLast() + [y.bytes[31] ^ 1])
    let negated = try UInt256(Hash32(hex: fieldOrder)).subtracting(UInt256(y)).word
    let wrong: [(String, Hash32, Hash32)] = [
      ("not on the curve", x, flipped), ("infinity", .zero, .zero), ("x zero", .zero, y),
      ("coordinates exchanged", y, x), ("x above p", try Hash32(ones), y), ("the point mirrored", x, negated),
    ]
    return wrong.map { name, x, y in
      scheme.entry(name, .invalid, signer: Address(truncating: Keccak256.hash(x.bytes + y.bytes))) {
        bytes, scheme in
        scheme.set(2, of: &bytes, to: x.bytes)
        scheme.set(3, of: &bytes, to: y.bytes)
      }
    }
  }

  /// p of P-256.
  private static let fieldOrder = "0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff"

  private static func prehashBytes(_ scheme: Scheme) -> [Entry] {
    [UInt8(1), 2, 255].map { value in
      scheme.entry("prehash \(value)", .invalid) { bytes, _ in bytes[129] = value }
    }
  }

  // MARK: - What only a passkey can get wrong

  struct Assertion: Sendable {
    let key: P256PrivateKey
    var flags: UInt8 = 0x05
    var authenticatorTail: [UInt8] = []
    /// `$challenge` stands for the right one.
    var clientData = #"{"type":"webauthn.get","challenge":"$challenge","origin":"https://example.com"}"#
    var challenge: @Sendable (Hash32) -> String = { Base64URL.encode($0.bytes) }

    func bytes(for digest: Hash32) throws -> [UInt8] {
      let authenticator = [UInt8](repeating: 7, count: 32) + [flags, 0, 0, 0, 9] + authenticatorTail
      let client = Array(
        clientData.split(separator: "$challenge", omittingEmptySubsequences: false)
          .joined(separator: challenge(digest)).utf8)
      let message = SHA256.hash(data: authenticator + Array(SHA256.hash(data: client)))
      let signature = try key.sign(Hash32(Array(message)))
      let point = key.publicKey.x.bytes + key.publicKey.y.bytes
      return [0x02] + authenticator + client + signature.r.bytes + signature.s.bytes + point
    }
  }

  private static func assertions(_ key: P256PrivateKey) -> [Entry] {
    flags(key) + clientData(key) + sizes(key) + challenges(key)
  }

  private static func entry(_ name: String, _ verdict: Verdict, _ assertion: Assertion) -> Entry {
    Entry(name: "webAuthn: \(name)", signer: assertion.key.address, verdict: verdict) {
      try assertion.bytes(for: $0)
    }
  }

  private static func flags(_ key: P256PrivateKey) -> [Entry] {
    let valid: [UInt8] = [0x01, 0x04, 0x05, 0x1d, 0x15, 0x25]
    let invalid: [UInt8] = [0x00, 0x02, 0x18, 0x41, 0x45, 0x81, 0x85, 0xc5]
    return valid.map { entry("flags \($0)", .valid, Assertion(key: key, flags: $0)) }
      + invalid.map { entry("flags \($0)", .invalid, Assertion(key: key, flags: $0)) }
      + [
        entry(
          "extension data behind the counter", .invalid,
          Assertion(key: key, flags: 0x85, authenticatorTail: [0xa0])),
        entry(
          "a byte behind the counter", .invalid, Assertion(key: key, authenticatorTail: [0xa0])),
      ]
  }

  private static func clientData(_ key: P256PrivateKey) -> [Entry] {
    let good = #""type":"webauthn.get","challenge":"$challenge""#
    let valid = [
      "{\(good)}", " {\(good)} ", "{\(good), \"a\":[1,{\"b\":null}],\"c\":-1.5e+3,\"d\":true}",
      #"{"challenge":"$challenge","type":"webauthn.get"}"#, "{\(good),\"é\":\"\\u00e9\\n\"}",
      "{ \"type\" : \"webauthn.get\" ,\n\t\"challenge\" : \"$challenge\" }",
    ]
    let invalid = [
      "{\"type\":\"webauthn.create\",\"challenge\":\"$challenge\"}", "{\"challenge\":\"$challenge\"}",
      "{\"type\":\"webauthn.get\"}", "[{\(good)}]", "{\(good)", "{\(good)},", "{\(good),}", "{\(good)}{}",
      "{\(good),\"a\":}", "{\(good),\"a\":01}", "{\(good),\"a\":tru}", "{\(good),\"a\":[1,]}", "{{\(good)}}",
      "{\(good),\"type\":\"webauthn.get\"}", "{\(good),\"challenge\":\"$challenge\"}",
      "{\"a\":{\(good)}}", "{'type':'webauthn.get','challenge':'$challenge'}", "{\(good),\"a\":\"\u{1}\"}",
      "{\"type\":[\"webauthn.get\"],\"challenge\":\"$challenge\"}", "{\(good),\"a\":\"\\x\"}",
      "{\"Type\":\"webauthn.get\",\"challenge\":\"$challenge\"}", String(repeating: " ", count: 80),
    ]
    return valid.map { entry("client data \($0)", .valid, Assertion(key: key, clientData: $0)) }
      + invalid.map { entry("client data \($0)", .invalid, Assertion(key: key, clientData: $0)) }
  }

  private static func sizes(_ key: P256PrivateKey) -> [Entry] {
    // 37 bytes of authenticator data and 128 of numbers leave 1883 for the client data.
    let fixed = #"{"type":"webauthn.get","challenge":"","o":""}"#.utf8.count + 43
    return [1_883, 1_884].map { size in
      let filling = String(repeating: "x", count: size - fixed)
      return entry(
        "client data of \(size) bytes", size == 1_883 ? .valid : .invalid,
        Assertion(
          key: key, clientData: #"{"type":"webauthn.get","challenge":"$challenge","o":"\#(filling)"}"#))
    }
  }

  private static func challenges(_ key: P256PrivateKey) -> [Entry] {
    let wrong: [(String, @Sendable (Hash32) -> String)] = [
      ("of something else", { _ in Base64URL.encode(Hash32.zero.bytes) }),
      ("with padding", { Base64URL.encode($0.bytes) + "=" }), ("empty", { _ in "" }),
      ("in hexadecimal", { $0.hex }), ("of more bytes", { Base64URL.encode($0.bytes + [0]) }),
      ("hashed", { Base64URL.encode(Keccak256.hash($0.bytes).bytes) }),
    ]
    return wrong.map { name, challenge in
      entry("challenge \(name)", .invalid, Assertion(key: key, challenge: challenge))
    }
  }
}
