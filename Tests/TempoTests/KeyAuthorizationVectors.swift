import EVM
import MPPCore
import Tempo
import TestSupport
import Testing

@Suite struct KeyAuthorizationVectors {
  @Test func keyAuthorizationFile() async throws {
    var tally = try Tally(.keyAuthorization)
    try await tally.eachAsync("sign", sign)
    try tally.each("deserialize", deserialize)
    try tally.finish()
  }

  func sign(_ vector: VectorCase) async throws {
    try vector.expectMembers([
      "authorization", "tuple", "unsignedRlp", "signPayload", "rootPrivateKey", "rootType", "rootAddress",
      "signature", "serialized", "rpc",
    ])
    let object = try vector.require("authorization")
    let authorization = try Reading.keyAuthorization(object)
    try Tally.expect(RLP.decode(authorization.serialized), try tuple(vector.require("tuple")), "tuple")
    try Tally.expect(authorization.serialized, try vector.bytes("unsignedRlp"), "unsignedRlp")
    try Tally.expect(authorization.hash, try Reading.hash(vector["signPayload"]), "signPayload")
    let root = try Reading.address(vector["rootAddress"])
    let signature = try PrimitiveSignature(parsing: try vector.bytes("signature"))
    let signed = SignedKeyAuthorization(authorization, signature: signature)
    try Tally.expect(signed.serialized, try vector.bytes("serialized"), "serialized")
    try Tally.expect(try SignedKeyAuthorization(parsing: signed.serialized), signed, "parsed")
    try Tally.expect(try signed.signer(), root, "signer")

    let signer = try VectorSigner.make(
      try VectorSigner.kind(try vector.string("rootType")), privateKey: try vector.bytes("rootPrivateKey"))
    try Tally.expect(signer.account, root, "root")
    let ours = try await authorization.signed(by: signer)
    try VectorSigner.expectSame(ours.signature, signature)
    try Tally.expect(try ours.signer(), root, "our signer")
    do {
      _ = try await authorization.signed(by: signer.asAccessKey(of: authorization.keyID))
      throw VectorError("an access key authorized a key")
    } catch TempoError.rule(.rootKeyRequired) {}

    try rpc(vector, signed, object)
  }

  private func rpc(_ vector: VectorCase, _ signed: SignedKeyAuthorization, _ object: JSONValue) throws {
    let json = try vector.require("rpc")
    // The JSON form is that of the object, not of the bytes, where the two differ.
    let plain = SignedKeyAuthorization(
      try Reading.plainKeyAuthorization(object), signature: signed.signature)
    guard Reading.equals(plain.rpcForm, json) else { throw VectorError("JSON-RPC form \(plain.rpcForm)") }
    try Tally.expect(try SignedKeyAuthorization(rpcForm: try Reading.rpc(json)), plain, "from JSON-RPC")
    if Reading.isMiswritten(object) {
      vector.differs(.authorizationSkippedLimits)
      guard plain.authorization.hash != signed.authorization.hash, try plain.signer() != signed.signer()
      else { throw VectorError("unlimited and no spending are the same bytes") }
    }
  }

  /// Where the reference decodes what we refuse (`Vectors/README.md`): no signature, or the key type as a byte 00.
  static func isRefused(_ bytes: [UInt8]) -> Bool {
    guard let fields = fields(bytes) else { return true }
    return fields.count > 1 && fields[1] == .bytes([0])
  }

  /// Where the reference loses an empty list of limits, which means "no spending" (`Vectors/README.md`).
  static func hasEmptyLimits(_ bytes: [UInt8]) -> Bool {
    guard let fields = fields(bytes), fields.count > 4 else { return false }
    return fields[4] == .list([])
  }

  /// The members of the authorization; nil when nothing is signed.
  private static func fields(_ bytes: [UInt8]) -> [RLPItem]? {
    guard let item = try? RLP.decode(bytes), case .list(let parts) = item, parts.count == 2,
      case .list(let fields) = parts[0]
    else { return nil }
    return fields
  }

  private func tuple(_ value: JSONValue) throws -> RLPItem {
    if let text = value.stringValue { return .bytes(try Hex.decode(text)) }
    guard let items = value.arrayValue else { throw VectorError("neither text nor list") }
    return .list(try items.map(tuple))
  }

  private func deserialize(_ vector: VectorCase) throws {
    try vector.expectMembers(["name", "serialized", "result", "error"])
    let bytes = try vector.bytes("serialized")
    let isRefused = Self.isRefused(bytes)
    if vector["result"] != nil, isRefused { vector.differs(.authorizationNotSigned) }
    guard let result = vector["result"], !isRefused else {
      try Tally.expectRejected(vector.name) { try SignedKeyAuthorization(parsing: bytes) }
      return
    }
    let parsed = try SignedKeyAuthorization(parsing: bytes)
    try Tally.expect(parsed.serialized, bytes, "serialized")
    var expected = try Reading.keyAuthorization(result)
    if result["limits"] == nil, Self.hasEmptyLimits(bytes) {
      vector.differs(.authorizationEmptyLimits)
      expected.limits = []
    }
    try Tally.expect(parsed.authorization, expected, "authorization")
    guard case .secp256k1(let signature) = parsed.signature else { return }
    let scalars = result["signature"]?["signature"]
    try Tally.expect(UInt256(signature.r), try Reading.uint256(scalars?["r"]), "r")
    try Tally.expect(UInt256(signature.s), try Reading.uint256(scalars?["s"]), "s")
  }
}
