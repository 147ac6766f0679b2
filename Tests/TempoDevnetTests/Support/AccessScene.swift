import EVM
import MPPCore
import Tempo
import TempoDevnet

/// The payer's account with the access key W of `03` §15 D, which holds no funds of its own.
struct AccessScene {
  let h: Harness
  let key: Secp256k1PrivateKey
  let expiry = Harness.t0 + 3_600

  init(_ h: Harness) throws {
    self.h = h
    key = try Secp256k1PrivateKey([UInt8](repeating: 3, count: 32))
  }

  var account: Address { h.payer.address }

  struct Scope {
    var target = TempoAddress.pathUSD
    /// `transferWithMemo`
    var selector: [UInt8] = [0x95, 0x77, 0x7d, 0x59]
    var recipients: [Address] = []

    var item: RLPItem {
      let rule = RLPItem.list([.bytes(selector), .list(recipients.map { .address($0) })])
      return .list([.address(target), .list([rule])])
    }
  }

  /// The members from `expiry` on; trailing absent ones are cut.
  struct Terms {
    var chainID: UInt64 = 1337
    var keyType: UInt64 = 0
    var keyID: Address?
    var expiry: RLPItem?
    var limits: RLPItem = .empty
    var scopes: RLPItem = .empty
    var witness: RLPItem = .empty
    var isAdmin: RLPItem = .empty
    var account: RLPItem = .empty

    static func limit(_ amount: UInt64, _ token: Address = TempoAddress.pathUSD, period: UInt64 = 0)
      -> RLPItem
    {
      .list([.address(token), RLP.uint(amount)] + (period > 0 ? [RLP.uint(period)] : []))
    }
  }

  /// A signed authorization for W; with nothing said it expires in an hour and is unrestricted.
  func authorization(
    signedBy root: Secp256k1PrivateKey? = nil, _ change: (inout Terms) -> Void = { _ in }
  ) throws -> SignedKeyAuthorization {
    var terms = Terms()
    change(&terms)
    var fields: [RLPItem] = [
      RLP.uint(terms.chainID), RLP.uint(terms.keyType), .address(terms.keyID ?? key.address),
      terms.expiry ?? RLP.uint(expiry), terms.limits, terms.scopes, terms.witness, terms.isAdmin,
      terms.account,
    ]
    while fields.count > 3, fields.last == .empty { fields.removeLast() }
    let signature = (root ?? h.payer.privateKey).sign(Keccak256.hash(RLP.encode(.list(fields))))
    return try SignedKeyAuthorization(parsing: RLP.encode(.list([.list(fields), .bytes(signature.bytes65)])))
  }

  /// D1's authorization: 3,000,000 units of pathUSD, once.
  func usual() throws -> SignedKeyAuthorization {
    try authorization { $0.limits = .list([Terms.limit(3_000_000)]) }
  }

  private func envelope(_ transaction: TempoTransaction, by signer: Secp256k1PrivateKey?) -> SignatureEnvelope
  {
    let digest = KeychainSignature.innerDigest(transaction.signingHash(), account: account)
    return .keychain(
      KeychainSignature(account: account, inner: .secp256k1((signer ?? key).sign(digest))))
  }

  /// Signed by W for the payer, paid by the sponsor.
  func sponsored(
    _ calls: [Call], authorization: SignedKeyAuthorization? = nil, by signer: Secp256k1PrivateKey? = nil,
    change: (inout TempoTransaction) -> Void = { _ in }
  ) throws -> [UInt8] {
    let unsigned = h.transaction(calls) {
      $0.feePayer = .awaitingFeePayer
      $0.keyAuthorization = authorization
      change(&$0)
    }
    let handOff = try unsigned.signed(envelope(unsigned, by: signer)).handOff(sender: account)
    return try h.cosigned(handOff, sender: h.payer, by: h.sponsor)
  }

  /// Signed by W for the payer, who pays.
  func selfPaid(
    _ calls: [Call], authorization: SignedKeyAuthorization? = nil, gas: UInt64 = 50_000,
    by signer: Secp256k1PrivateKey? = nil
  ) throws -> [UInt8] {
    let transaction = h.transaction(calls) {
      $0.keyAuthorization = authorization
      $0.gas = gas
    }
    return try transaction.signed(envelope(transaction, by: signer)).serialized
  }

  func pay(_ amount: UInt128, to recipient: Address? = nil) throws -> Call {
    try h.transfer(amount, to: recipient ?? h.payee.address)
  }

  /// D1.
  @discardableResult
  func begun() async throws -> DevnetReceipt {
    try await h.send(sponsored([pay(1_000_000)], authorization: usual()))
  }

  // MARK: Keychain

  func call(_ function: ABIFunction, _ arguments: [ABIValue]) throws -> Call {
    Call(to: TempoAddress.keychain, data: try function.encode(arguments))
  }

  func authorizeKey(
    _ id: Address, type: UInt64 = 0, expiry: UInt64? = nil, limits: [ABIValue]? = nil,
    allowsAnyCall: Bool = true, scopes: [ABIValue] = []
  ) throws -> Call {
    let restrictions = ABIValue.tuple([
      .uint(expiry ?? self.expiry), .bool(limits != nil), .array(limits ?? []), .bool(allowsAnyCall),
      .array(scopes),
    ])
    return try call(AccountKeychainABI.authorizeKey, [.address(id), .uint(type), restrictions])
  }

  func read(_ function: ABIFunction, _ arguments: [ABIValue]) async throws -> [ABIValue] {
    let data = try function.encode(arguments)
    let answer = try await h.rpc(
      "eth_call", ["to": .string(TempoAddress.keychain.hex), "data": .string(Hex.encode(data))], "latest")
    return try function.decodeReturn(try Hex.decode(answer.stringValue ?? ""), form: .canonical)
  }

  /// remaining, periodEnd
  func limit(_ token: Address = TempoAddress.pathUSD) async throws -> [UInt64] {
    try await read(
      AccountKeychainABI.getRemainingLimitWithPeriod,
      [.address(account), .address(key.address), .address(token)]
    ).map { try $0.uint64() }
  }

  /// type, expiry, enforces limits, revoked — and whether the id is given back.
  func keyInfo() async throws -> [ABIValue] {
    try await read(AccountKeychainABI.getKey, [.address(account), .address(key.address)])[0].members()
  }

  // MARK: Logs

  func keyAuthorized(expiry: UInt64? = nil) throws -> Log {
    try log(
      AccountKeychainABI.keyAuthorized,
      [.address(account), .address(key.address), .uint(0 as UInt64), .uint(expiry ?? self.expiry)])
  }

  func spent(_ amount: UInt64, _ remaining: UInt64, _ token: Address = TempoAddress.pathUSD) throws -> Log {
    try log(
      AccountKeychainABI.accessKeySpend,
      [.address(account), .address(key.address), .address(token), .uint(amount), .uint(remaining)])
  }

  func log(_ event: ABIEvent, _ values: [ABIValue]) throws -> Log {
    let encoded = try event.encode(values)
    return Log(address: TempoAddress.keychain, topics: encoded.topics, data: encoded.data)
  }

  func paid(_ amount: UInt128) throws -> Log { try h.transferLog(account, h.payee.address, amount) }
}
