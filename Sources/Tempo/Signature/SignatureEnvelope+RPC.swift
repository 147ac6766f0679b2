import EVM

extension SignatureEnvelope {
  /// The JSON form of `02` §3.9. The node writes no `type` for a keychain signature; readers look for
  /// `userAddress`, and `type` is there for those who look for it.
  public var rpcForm: RPCValue {
    switch self {
    case .secp256k1(let signature): PrimitiveSignature.secp256k1(signature).rpcForm
    case .p256(let signature): PrimitiveSignature.p256(signature).rpcForm
    case .webAuthn(let signature): PrimitiveSignature.webAuthn(signature).rpcForm
    case .keychain(let signature): signature.rpcForm
    }
  }

  /// Reads the JSON form, with the rules of ``init(parsing:)`` for what it says. Keychain V1 is refused.
  public init(rpcForm value: RPCValue) throws(TempoError) {
    guard value["userAddress"] != nil else {
      self.init(try PrimitiveSignature(rpcForm: value))
      return
    }
    let signature = try KeychainSignature(rpcForm: value)
    guard signature.version == .v2 else { throw .signature(.unsupportedKind) }
    self = .keychain(signature)
  }
}

extension KeychainSignature {
  /// `{type, userAddress, signature, version}`, the inner signature in its own form.
  public var rpcForm: RPCValue {
    .object(
      ("type", .string("keychain")), ("userAddress", .address(account)), ("signature", inner.rpcForm),
      ("version", .string("\(version)")))
  }

  /// Reads the JSON form; the members that repeat what others say are not looked at.
  public init(rpcForm value: RPCValue) throws(TempoError) {
    let account = try RPCFields.address(value["userAddress"], "userAddress")
    guard let signature = value["signature"] else { throw .signature(.missing) }
    guard signature["userAddress"] == nil else { throw .signature(.unsupportedKind) }
    let inner = try PrimitiveSignature(rpcForm: signature)
    switch value["version"]?.stringValue.flatMap({ $0.utf8.count == 2 ? $0 : nil }) {
    case "v1": self.init(version: .v1, account: account, inner: inner)
    case "v2": self.init(version: .v2, account: account, inner: inner)
    default: throw .invalidField("version")
    }
  }
}

extension PrimitiveSignature.Kind {
  /// The name in JSON-RPC and in subscription requests.
  public var rpcName: String {
    switch self {
    case .secp256k1: "secp256k1"
    case .p256: "p256"
    case .webAuthn: "webAuthn"
    }
  }

  /// The kind of exactly this name.
  public init?(rpcName: String) {
    // Swift's comparison of long texts can cost the square of their length.
    guard rpcName.utf8.count <= 16 else { return nil }
    switch rpcName {
    case "secp256k1": self = .secp256k1
    case "p256": self = .p256
    case "webAuthn": self = .webAuthn
    default: return nil
    }
  }
}

extension PrimitiveSignature {
  /// The JSON form of `02` §3.9. A secp256k1 signature says `yParity` and no `v`.
  public var rpcForm: RPCValue {
    switch self {
    case .secp256k1(let signature):
      .object(
        ("r", .string(signature.r.hex)), ("s", .string(signature.s.hex)),
        ("yParity", .quantity(UInt64(signature.yParity))), ("type", .string(kind.rpcName)))
    case .p256(let signature):
      .object(
        ("preHash", .bool(signature.prehash)),
        ("pubKeyX", .string(signature.x.hex)), ("pubKeyY", .string(signature.y.hex)),
        ("r", .string(signature.r.hex)), ("s", .string(signature.s.hex)), ("type", .string(kind.rpcName)))
    case .webAuthn(let signature):
      .object(
        ("pubKeyX", .string(signature.x.hex)), ("pubKeyY", .string(signature.y.hex)),
        ("r", .string(signature.r.hex)), ("s", .string(signature.s.hex)), ("type", .string(kind.rpcName)),
        ("webauthnData", .string(Hex.encode(signature.authenticatorData + signature.clientDataJSON))))
    }
  }

  /// Reads the JSON form: `yParity` or `v` alone is enough, numbers may have leading zeros or lack them. What
  /// comes out obeys the rules of ``init(parsing:)``.
  public init(rpcForm value: RPCValue) throws(TempoError) {
    let type = value["type"]?.stringValue ?? Kind.secp256k1.rpcName
    guard let kind = Kind(rpcName: type) else { throw .signature(.unsupportedKind) }
    let r = try RPCFields.word(value["r"], "r").bytes
    let s = try RPCFields.word(value["s"], "s").bytes
    switch kind {
    case .secp256k1:
      let parity = try RPCFields.parity(value)
      self = try PrimitiveSignature(parsing: r + s + [27 + parity])
    case .p256:
      guard case .bool(let prehash)? = value["preHash"] else { throw .invalidField("preHash") }
      self = try PrimitiveSignature(parsing: [0x01] + r + s + Self.point(value) + [prehash ? 1 : 0])
    case .webAuthn:
      let data = try RPCFields.bytes(value["webauthnData"], "webauthnData")
      self = try PrimitiveSignature(parsing: [0x02] + data + r + s + Self.point(value))
    }
  }

  private static func point(_ value: RPCValue) throws(TempoError) -> [UInt8] {
    try RPCFields.word(value["pubKeyX"], "pubKeyX").bytes + RPCFields.word(value["pubKeyY"], "pubKeyY").bytes
  }
}
