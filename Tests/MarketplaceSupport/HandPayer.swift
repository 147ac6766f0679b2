public import EVM
public import HTTPTypes
public import MPPCore
public import MPPTempo
public import Tempo
public import TempoDevnet

/// A channel as its payer knows it.
public struct HandChannel: Sendable {
  public let id: Hash32
  public let descriptor: ChannelDescriptor
  public let deposit: Amount
}

/// A payer without a client: every credential is written by hand, so that any of them can be wrong.
public struct HandPayer: Sendable {
  public let market: Marketplace
  public let account: DevnetAccount
  public let domain: VoucherDomain

  public init(_ market: Marketplace, account: Int = 2) {
    self.market = market
    self.account = market.devnet.accounts[account]
    domain = VoucherDomain(chainID: market.devnet.chainID)
  }

  /// `did:pkh:eip155:<chain>:<address>` of this account.
  public var source: String { "did:pkh:eip155:\(market.devnet.chainID):\(account.address.checksummed)" }

  // MARK: Talking

  /// The first challenge of a route, from a request without a credential.
  public func challenge(
    of shop: Shop, _ target: String = "/ping", method: String = "GET"
  ) async throws -> Challenge {
    let response = try await RawHTTP(port: shop.port).exchange(method, target)
    guard response.status == 402, let challenge = try ChallengeList(fields: response.headers).challenges.first
    else { throw TestFailure("no challenge: \(response)") }
    return challenge
  }

  /// The header value for a payload, with this account as source unless told otherwise.
  public func credential(_ challenge: Challenge, _ payload: JSONValue, source: String?) -> String {
    Credential(challenge: challenge, payload: payload, source: source.map { UnverifiedSource($0) })
      .serialized()
  }

  public func credential(_ challenge: Challenge, _ payload: SessionPayload) -> String {
    credential(challenge, payload.jsonValue, source: source)
  }

  /// Presents a credential.
  public func send(
    _ credential: String, to shop: Shop, _ target: String = "/ping", method: String = "GET"
  ) async throws -> RawResponse {
    try await RawHTTP(port: shop.port).exchange(method, target, headers: [("Authorization", credential)])
  }

  /// Fetches a challenge and answers it.
  public func pay(
    _ payload: SessionPayload, to shop: Shop, _ target: String = "/ping", method: String = "GET"
  ) async throws -> RawResponse {
    let challenge = try await challenge(of: shop, target)
    return try await send(credential(challenge, payload), to: shop, target, method: method)
  }

  // MARK: Signing

  public func sign(_ channelID: Hash32, _ amount: Amount) throws -> RecoverableSignature {
    account.privateKey.sign(
      try Voucher(channelID: channelID, cumulativeAmount: amount.units).digest(domain: domain))
  }

  public func voucher(_ channel: HandChannel, _ amount: Amount) throws -> SessionPayload {
    .voucher(
      SessionPayload.VoucherPayload(
        channelID: channel.id, descriptor: channel.descriptor, cumulativeAmount: amount,
        signature: try sign(channel.id, amount).bytes65))
  }

  public func close(_ channel: HandChannel, _ amount: Amount) throws -> SessionPayload {
    .close(
      SessionPayload.Close(
        channelID: channel.id, descriptor: channel.descriptor, cumulativeAmount: amount,
        signature: try sign(channel.id, amount).bytes65))
  }

  /// An unsigned transaction with an expiring nonce; `salt` makes it unlike every other.
  public func transaction(
    _ calls: [Call], salt: UInt64, change: (inout TempoTransaction) -> Void = { _ in }
  ) -> TempoTransaction {
    var transaction = TempoTransaction(
      chainID: market.devnet.chainID, maxFeePerGas: 24_000_000_000, gas: 100_000, calls: calls,
      nonceKey: ExpiringNonce.key, validBefore: UInt64(market.clock.now.seconds) + 25,
      validAfter: 1_000_000 + salt)
    change(&transaction)
    return transaction
  }

  /// A channel to a shop's account that is not opened yet, and the payload that opens it.
  /// - Parameter salt: of the channel and its transaction.
  public func opening(
    of shop: Shop, deposit: Amount = Amount(units: 1_000_000),
    voucher amount: Amount = Marketplace.price, salt: UInt64 = 1,
    change: (inout TempoTransaction) -> Void = { _ in }
  ) throws -> (channel: HandChannel, payload: SessionPayload) {
    let call = ChannelReserveCall.Open(
      payee: market.devnet.accounts[shop.options.account].address, operator: .zero,
      token: TempoAddress.pathUSD, deposit: deposit.units, salt: UInt256(salt).word,
      authorizedSigner: .zero)
    let transaction = transaction(
      [Call(to: TempoAddress.channelReserve, data: try ChannelReserveCall.open(call).calldata())], salt: salt,
      change: change)
    let descriptor = call.descriptor(
      payer: account.address, expiringNonceHash: transaction.expiringNonceHash(sender: account.address))
    let id = descriptor.channelID(chainID: market.devnet.chainID)
    let channel = HandChannel(id: id, descriptor: descriptor, deposit: deposit)
    let payload = SessionPayload.open(
      SessionPayload.Open(
        channelID: id, descriptor: descriptor,
        transaction: try transaction.signed(with: account.privateKey).serialized, cumulativeAmount: amount,
        signature: try sign(id, amount).bytes65))
    return (channel, payload)
  }

  /// Opens a channel by paying for one request.
  public func open(
    at shop: Shop, _ target: String = "/ping", deposit: Amount = Amount(units: 1_000_000), salt: UInt64 = 1
  ) async throws -> HandChannel {
    let (channel, payload) = try opening(of: shop, deposit: deposit, salt: salt)
    let response = try await pay(payload, to: shop, target)
    guard response.status == 200 else { throw TestFailure("not opened: \(response)") }
    return channel
  }

  /// Broadcasts a call of the reserve, without any server.
  @discardableResult
  public func broadcast(_ call: ChannelReserveCall, salt: UInt64) async throws -> DevnetReceipt {
    let raw = try transaction(
      [Call(to: TempoAddress.channelReserve, data: try call.calldata())], salt: salt
    ).signed(with: account.privateKey)
    let request: JSONValue = [
      "jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction",
      "params": [.string(Hex.encode(raw.serialized))],
    ]
    let answer = await market.devnet.handle(Array(request.serialized().utf8))
    guard let receipt = market.devnet.receipt(raw.hash) else {
      throw TestFailure("not mined: \(String(decoding: answer, as: UTF8.self))")
    }
    return receipt
  }
}
