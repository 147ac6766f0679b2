import EVM
import MPPCore
import Tempo
import TestSupport
import Testing

/// Which vectors ours answers otherwise is read off their bytes: other bytes of the same kind are found as well, and
/// whatever is found is refused.
@Suite struct VectorShapeTests {
  private let key: Secp256k1PrivateKey
  private let digest = Keccak256.hash([1])

  init() throws { key = try Secp256k1PrivateKey([UInt8](repeating: 9, count: 32)) }

  private func joined(_ parts: [UInt8]...) -> [UInt8] { parts.flatMap(\.self) }

  @Test func signaturesThatNoNodeTakes() throws {
    let good = key.sign(digest).bytes65
    let account = key.address.bytes
    func with(_ v: UInt8) -> [UInt8] { joined(Array(good.prefix(64)), [v]) }
    let zeros = [UInt8](repeating: 0, count: 32)
    let trailer = [UInt8](repeating: 0x77, count: 32)
    let (r, s) = (Array(good[..<32]), Array(good[32..<64]))
    var refused: [[UInt8]] = [2, 26, 29, 0x23, 0x24, 0x25, 0xFF].map { with($0) }
    refused += [joined(zeros, s, [27]), joined(r, zeros, [27]), joined(zeros, zeros, [0])]
    refused += [joined(good, trailer), joined([4], account, good, trailer), joined([4], account, with(0x24))]
    refused += [joined([3], account, good)]
    for inner: UInt8 in [3, 4] { refused.append(joined([4], account, [inner], account, good)) }
    for bytes in refused {
      #expect(SignatureEnvelopeVectors.isRejectedByNode(bytes), "\(Hex.encode(bytes))")
      #expect(throws: TempoError.self) { try SignatureEnvelope(parsing: bytes) }
    }
    let parity = key.sign(digest).yParity
    for bytes in [good, with(parity), joined([4], account, good)] {
      #expect(!SignatureEnvelopeVectors.isRejectedByNode(bytes))
      #expect(throws: Never.self) { try SignatureEnvelope(parsing: bytes) }
    }
  }

  @Test func transactionsThatNoNodeTakes() throws {
    let transaction = TempoTransaction(
      chainID: 4217, maxFeePerGas: 7, gas: 90_000, calls: [Call(to: TempoAddress.dex, data: [1])],
      nonceKey: UInt256(5 as UInt64), nonce: 3)
    let good = try transaction.signed(with: key).serialized
    #expect(!TransactionVectors.isRefusedByNode(good))
    let items = try RLP.decode(good.dropFirst()).list()
    func bytes(_ change: (inout [RLPItem]) -> Void) -> [UInt8] {
      var items = items
      change(&items)
      return [0x76] + RLP.encode(.list(items))
    }
    var refused = [good + [0], good + good]
    refused.append(bytes { $0[0] = .empty })
    let spellings: [(Int, [UInt8])] = [
      (0, [0, 16]), (2, [0]), (3, [0, 1]), (6, [0, 5]), (7, [0, 3]), (8, [0, 9]),
    ]
    for (index, digits) in spellings {
      refused.append(bytes { $0[index] = .bytes(digits) })
    }
    refused.append(bytes { $0.removeLast() })
    refused.append(bytes { $0[$0.count - 1] = .list([]) })
    for raw in refused {
      #expect(TransactionVectors.isRefusedByNode(raw), "\(Hex.encode(raw))")
      #expect(throws: TempoError.self) { try SignedTempoTransaction(parsing: raw) }
    }
    // The byte 00 for no validity at all is a difference of its own.
    let zero = bytes { $0[9] = .bytes([0]) }
    #expect(!TransactionVectors.isRefusedByNode(zero))
    #expect(throws: TempoError.self) { try SignedTempoTransaction(parsing: zero) }
  }

  @Test func authorizationsThatAreRefusedOrSayNoSpending() throws {
    let terms: [RLPItem] = [RLP.uint(4217 as UInt64), .empty, .address(key.address)]
    let signature = RLPItem.bytes(key.sign(digest).bytes65)
    func signed(_ fields: [RLPItem]) -> [UInt8] { RLP.encode(.list([.list(fields), signature])) }
    let typed = signed([terms[0], .bytes([0]), terms[2], RLP.uint(7 as UInt64)])
    for bytes in [RLP.encode(.list([.list(terms)])), RLP.encode(.list(terms)), typed] {
      #expect(KeyAuthorizationVectors.isRefused(bytes))
      #expect(throws: TempoError.self) { try SignedKeyAuthorization(parsing: bytes) }
    }
    let limits = signed(terms + [RLP.uint(7 as UInt64), .list([])])
    #expect(!KeyAuthorizationVectors.isRefused(limits) && KeyAuthorizationVectors.hasEmptyLimits(limits))
    #expect(try SignedKeyAuthorization(parsing: limits).authorization.limits == [])
    #expect(!KeyAuthorizationVectors.hasEmptyLimits(signed(terms)))
    #expect(!KeyAuthorizationVectors.hasEmptyLimits(signed(terms + [RLP.uint(7 as UInt64)])))
  }

  /// No public case shows it: scopes without limits, which the reference writes as "no spending".
  @Test func skippedLimitsAreADeclaredDifference() async throws {
    let target = TempoAddress.pathUSD
    let written = KeyAuthorization(
      chainID: 4217, keyType: .secp256k1, keyID: key.address, limits: [],
      allowedCalls: [CallScope(target: target)])
    var meant = written
    meant.limits = nil
    let rootKey = try Secp256k1PrivateKey([UInt8](repeating: 8, count: 32))
    let root = TempoSigner.secp256k1(rootKey)
    let signed = try await written.signed(by: root)
    let object: JSONValue = [
      "address": .string(key.address.hex), "chainId": 4217, "type": "secp256k1",
      "scopes": [["address": .string(target.hex)]],
    ]
    let vector = VectorCase(
      label: "skipped limits",
      value: [
        "authorization": object, "tuple": Self.tuple(try RLP.decode(written.serialized)),
        "unsignedRlp": .string(Hex.encode(written.serialized)), "signPayload": .string(written.hash.hex),
        "rootPrivateKey": .string(Hex.encode([UInt8](repeating: 8, count: 32))), "rootType": "secp256k1",
        "rootAddress": .string(rootKey.address.hex),
        "signature": .string(Hex.encode(signed.signature.serialized)),
        "serialized": .string(Hex.encode(signed.serialized)),
        "rpc": Self.json(SignedKeyAuthorization(meant, signature: signed.signature).rpcForm),
      ])
    try await KeyAuthorizationVectors().sign(vector)
    #expect(vector.takeDifferences() == [.authorizationSkippedLimits])
  }

  private static func tuple(_ item: RLPItem) -> JSONValue {
    switch item {
    case .bytes(let bytes): .string(Hex.encode(bytes))
    case .list(let items): .array(items.map(tuple))
    }
  }

  private static func json(_ value: RPCValue) -> JSONValue {
    switch value {
    case .null: .null
    case .bool(let flag): .bool(flag)
    case .string(let text): .string(text)
    case .array(let items): .array(items.map(json))
    case .object(let members): .object(members.map { .init(key: $0.name, value: json($0.value)) })
    }
  }
}
