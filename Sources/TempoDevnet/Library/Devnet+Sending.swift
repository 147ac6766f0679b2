public import EVM
import MPPCore
public import Tempo

/// How ``Devnet/signAndSend(_:from:options:)`` makes a transaction of calls. As it is: an expiring nonce, paid by
/// the sender in the token the chain chooses.
public struct DevnetSendOptions: Sendable {
  /// Who pays the fee instead of the sender.
  public var sponsor: DevnetAccount?
  /// The token of the fee; a sponsor pays in pathUSD unless another is named.
  public var feeToken: Address?
  /// Brought along with the transaction.
  public var keyAuthorization: SignedKeyAuthorization?
  /// Zero is the protocol nonce; `nil` the expiring one.
  public var nonceKey: UInt256?
  /// `nil` leaves room for every operation there is.
  public var gas: UInt64?

  /// An expiring nonce, paid by the sender.
  public init() {}
}

/// Why a transaction was not accepted, as JSON-RPC says it.
public struct DevnetRefusal: Error, Sendable, Hashable, CustomStringConvertible {
  /// The JSON-RPC error code; 0 when the answer has none.
  public let code: Int64
  /// The node's text, word for word where clients look at it.
  public let message: String
  public var description: String { "\(code) \(message)" }
}

/// Transactions for tests and tools that do not care how they are built. Built by the SDK, judged by the chain.
extension Devnet {
  /// Signs calls, broadcasts them over JSON-RPC like everybody else, and returns what became of them: `nil` while
  /// the transaction waits for a block. `signer` may be an access key of its account.
  ///
  /// Throws ``DevnetRefusal`` when the chain does not accept the transaction.
  public func signAndSend(
    _ calls: [Call], from signer: TempoSigner, options: DevnetSendOptions = DevnetSendOptions()
  ) async throws -> DevnetReceipt? {
    var transaction = unsigned(calls, from: signer.account, options)
    guard let sponsor = options.sponsor else {
      return try await broadcast(try await transaction.signed(by: signer).serialized)
    }
    transaction.feePayer = .awaitingFeePayer
    let token = options.feeToken ?? Addresses.pathUSD
    let handOff = try await transaction.signed(by: signer).handOff(sender: signer.account)
    let digest = handOff.transaction.feePayerHash(sender: signer.account, feeToken: token)
    let final = try handOff.completed(
      feeToken: token, feePayerSignature: sponsor.privateKey.sign(digest))
    return try await broadcast(final.serialized)
  }

  /// From one of the chain's own accounts.
  public func signAndSend(
    _ calls: Call..., from account: DevnetAccount, options: DevnetSendOptions = DevnetSendOptions()
  ) async throws -> DevnetReceipt? {
    try await signAndSend(calls, from: .secp256k1(account.privateKey), options: options)
  }

  private func unsigned(_ calls: [Call], from account: Address, _ options: DevnetSendOptions)
    -> TempoTransaction
  {
    shared.withCore { core, wall in
      let fee = core.chain.parameters.baseFee
      let (doubled, overflow) = fee.multipliedReportingOverflow(by: 2)
      var transaction = TempoTransaction(
        chainID: core.chain.parameters.chainID, maxFeePerGas: overflow ? fee : doubled,
        gas: options.gas ?? (core.chain.parameters.gasModel == .flat ? GasSchedule.flat : 8_000_000),
        calls: calls, feeToken: options.feeToken, keyAuthorization: options.keyAuthorization)
      guard let key = options.nonceKey else {
        let now = core.chain.validity(at: core.time(wall: wall))
        transaction.nonceKey = ExpiringNonce.key
        transaction.validBefore = now + min(25, core.chain.parameters.expiryWindow)
        // Makes equal calls different transactions, as the clients' random number does.
        core.sent += 1
        transaction.validAfter = core.sent
        return transaction
      }
      let waiting = core.chain.pool.count {
        $0.transaction.sender == account && $0.transaction.content.nonceKey == key
      }
      transaction.nonceKey = key
      transaction.nonce = core.chain.nonce(of: account, key: key) + UInt64(waiting)
      return transaction
    }
  }

  private func broadcast(_ raw: [UInt8]) async throws -> DevnetReceipt? {
    let request: JSONValue = [
      "jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction",
      "params": [.string(Quantity.data(raw))],
    ]
    let answer = try JSONValue(parsing: await handle(Array(request.serialized().utf8)))
    if let error = answer["error"] {
      throw DevnetRefusal(code: error["code"]?.intValue ?? 0, message: error["message"]?.stringValue ?? "")
    }
    return receipt(try RPCParameters.hash(answer["result"], "result"))
  }
}
