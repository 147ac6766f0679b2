import EVM
import MPPCore
import Tempo
import TestSupport
import Testing

@testable import TempoDevnet

/// The chain reads key authorizations by itself; here it meets the SDK's reading of the same bytes.
@Suite struct KeyGrants {
  private func limits(_ authorization: KeyAuthorization) -> [KeyTerms.Limit]? {
    authorization.limits?.map {
      KeyTerms.Limit(token: $0.token, amount: $0.amount, period: $0.period)
    }
  }

  private func scopes(_ authorization: KeyAuthorization) -> CallScopes? {
    authorization.allowedCalls.map { scopes in
      CallScopes(
        targets: scopes.map { scope in
          CallScopes.Target(
            address: scope.target,
            rules: scope.rules.map { rule in
              CallScopes.Rule(
                selector: rule.selector.bytes.reduce(0) { $0 << 8 | UInt32($1) },
                recipients: rule.recipients)
            })
        })
    }
  }

  @Test func bothReadingsAgreeOnEveryVector() throws {
    var count = 0
    for entry in try VectorFile.load("key-authorization.json").group("sign") {
      let bytes = try entry.bytes("serialized")
      let signed = try SignedKeyAuthorization(parsing: bytes)
      let grant = try KeyGrant(RLP.decode(bytes[...]))
      let authorization = signed.authorization
      #expect(grant.chainID == authorization.chainID, "\(entry)")
      #expect(grant.terms.keyID == authorization.keyID, "\(entry)")
      #expect(grant.terms.type == authorization.keyType.rawValue, "\(entry)")
      #expect(grant.terms.expiry == authorization.expiry ?? .max, "\(entry)")
      #expect(grant.terms.limits == limits(authorization), "\(entry)")
      #expect(grant.terms.scopes == scopes(authorization), "\(entry)")
      #expect(grant.terms.witness == authorization.witness, "\(entry)")
      #expect(grant.terms.isAdmin == authorization.isAdmin, "\(entry)")
      #expect(grant.account == authorization.account, "\(entry)")
      #expect(grant.digest == authorization.hash, "\(entry)")
      #expect(
        try SignatureRules.signer(of: grant.digest, signature: grant.signature) == signed.signer(), "\(entry)"
      )
      #expect(try RLP.encode(grant.item) == entry.bytes("serialized"), "\(entry)")
      count += 1
    }
    #expect(count > 0)
  }

  @Test func aSignatureByteOfZeroOrOneIsNormalised() throws {
    let key = try Secp256k1PrivateKey([UInt8](repeating: 1, count: 32))
    let fields: [RLPItem] = [RLP.uint(1337 as UInt64), .empty, .address(key.address)]
    var signature = key.sign(Keccak256.hash(RLP.encode(.list(fields)))).bytes65
    let normal = signature
    signature[64] -= 27
    let grant = try KeyGrant(.list([.list(fields), .bytes(signature)]))
    #expect(grant.signature == normal)
    #expect(grant.item == .list([.list(fields), .bytes(normal)]))
  }

  @Test func bytesThatAreNoAuthorization() throws {
    let id = RLPItem.address(Addresses.dex)
    let chain = RLP.uint(1337 as UInt64)
    let bad: [[RLPItem]] = [
      [chain, .empty], [chain, RLP.uint(3 as UInt64), id], [chain, .empty, id, .empty],
      [chain, .empty, .bytes([1])], [chain, .empty, id, .bytes([0, 1])],
      [chain, .empty, id, .empty, .list([.list([id])])],
      [chain, .empty, id, .empty, .list([.list([id, .empty, .empty])])],
      [chain, .empty, id, .empty, .empty, .list([.list([id])])],
      [chain, .empty, id, .empty, .empty, .list([.list([id, .list([.list([.bytes([1]), .list([])])])])])],
      [chain, .empty, id, .empty, .empty, .empty, .bytes([1])],
      [chain, .empty, id, .empty, .empty, .empty, .empty, RLP.uint(2 as UInt64)],
      Array(repeating: chain, count: 10),
    ]
    for fields in bad {
      #expect(throws: (any Error).self) { try KeyGrant(.list([.list(fields), .bytes([])])) }
    }
  }
}
