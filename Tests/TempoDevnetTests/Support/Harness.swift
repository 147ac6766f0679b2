import EVM
import MPPCore
import Synchronization
import Tempo
import TempoDevnet

/// A JSON-RPC error as a caller sees it.
struct SeenError: Error, CustomStringConvertible {
  let code: Int64
  let message: String
  let data: JSONValue?
  var description: String { "\(code) \(message)" }
}

/// The cast and the set-up of `03` §15. Transactions are built by the SDK, executed by the chain: two
/// independent readings of the same bytes.
struct Harness: Sendable {
  static let t0: UInt64 = 1_800_000_000
  static let initial: UInt128 = 1_000_000_000_000
  static let fee: UInt128 = 1_000

  let devnet: Devnet
  let counter = Counter()

  var payer: DevnetAccount { devnet.accounts[1] }
  var payee: DevnetAccount { devnet.accounts[2] }
  var sponsor: DevnetAccount { devnet.accounts[3] }
  var stranger: DevnetAccount { devnet.accounts[4] }

  init(_ change: (inout DevnetConfiguration) -> Void = { _ in }) throws {
    var configuration = DevnetConfiguration()
    change(&configuration)
    devnet = try Devnet(configuration: configuration)
  }

  init(devnet: Devnet) { self.devnet = devnet }

  var now: UInt64 { UInt64(devnet.clock.now.seconds) }

  func units(_ account: DevnetAccount, _ token: Address? = nil) -> UInt128 {
    devnet.balance(of: account.address, token: token).units
  }

  func units(_ address: Address) -> UInt128 { devnet.balance(of: address).units }

  // MARK: JSON-RPC

  func exchange(_ text: String) async throws -> JSONValue {
    let limits = JSONLimits(maximumBytes: 1 << 26, maximumMembers: 1 << 16, maximumElements: 1 << 16)
    return try JSONValue(parsing: await devnet.handle(Array(text.utf8)), limits: limits)
  }

  @discardableResult
  func rpc(_ method: String, _ params: JSONValue...) async throws -> JSONValue {
    let request: JSONValue = ["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": .array(params)]
    let answer = try await exchange(request.serialized())
    if let error = answer["error"] {
      throw SeenError(
        code: error["code"]?.intValue ?? 0, message: error["message"]?.stringValue ?? "", data: error["data"])
    }
    return answer["result"] ?? .null
  }

  func failure(_ method: String, _ params: JSONValue...) async throws -> SeenError? {
    let request: JSONValue = ["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": .array(params)]
    let answer = try await exchange(request.serialized())
    guard let error = answer["error"] else { return nil }
    return SeenError(
      code: error["code"]?.intValue ?? 0, message: error["message"]?.stringValue ?? "", data: error["data"])
  }

  // MARK: Transactions

  /// An unsigned transaction with an expiring nonce, distinct from every other.
  func transaction(_ calls: [Call], change: (inout TempoTransaction) -> Void = { _ in }) -> TempoTransaction {
    var transaction = TempoTransaction(
      chainID: devnet.chainID, maxFeePerGas: 24_000_000_000, gas: 100_000, calls: calls,
      nonceKey: ExpiringNonce.key, validBefore: now + 25, validAfter: 1_000_000 + counter.next())
    change(&transaction)
    return transaction
  }

  func raw(
    _ calls: [Call], from account: DevnetAccount, change: (inout TempoTransaction) -> Void = { _ in }
  ) throws -> [UInt8] {
    try transaction(calls, change: change).signed(with: account.privateKey).serialized
  }

  func sponsoredRaw(
    _ calls: [Call], from account: DevnetAccount, by sponsor: DevnetAccount,
    change: (inout TempoTransaction) -> Void = { _ in }
  ) throws -> [UInt8] {
    let unsigned = transaction(calls) {
      $0.feePayer = .awaitingFeePayer
      change(&$0)
    }
    let handOff = try unsigned.signed(with: account.privateKey).handOff(sender: account.address)
    return try cosigned(handOff, sender: account, by: sponsor)
  }

  func cosigned(
    _ handOff: SignedTempoTransaction, sender: DevnetAccount, by sponsor: DevnetAccount
  ) throws -> [UInt8] {
    let digest = handOff.transaction.feePayerHash(sender: sender.address, feeToken: TempoAddress.pathUSD)
    return try handOff.completed(
      feeToken: TempoAddress.pathUSD, feePayerSignature: sponsor.privateKey.sign(digest)
    ).serialized
  }

  /// Broadcasts and returns what became of it.
  @discardableResult
  func send(_ raw: [UInt8]) async throws -> DevnetReceipt {
    let hash = try await rpc("eth_sendRawTransaction", .string(Hex.encode(raw))).stringValue ?? ""
    guard let receipt = devnet.receipt(try Hash32(hex: hash)) else {
      throw SeenError(code: 0, message: "not mined", data: nil)
    }
    return receipt
  }

  @discardableResult
  func send(
    _ calls: Call..., from account: DevnetAccount, change: (inout TempoTransaction) -> Void = { _ in }
  ) async throws -> DevnetReceipt {
    try await send(raw(calls, from: account, change: change))
  }

  /// The error of a broadcast that must be refused; nothing may have changed.
  func refusal(_ raw: [UInt8]) async throws -> SeenError? {
    try await failure("eth_sendRawTransaction", .string(Hex.encode(raw)))
  }

  func transfer(_ amount: UInt128, to recipient: Address, memo: Hash32? = nil) throws -> Call {
    let call: TIP20Call =
      if let memo {
        .transferWithMemo(to: recipient, amount: UInt256(amount), memo: memo)
      } else {
        .transfer(to: recipient, amount: UInt256(amount))
      }
    return Call(to: TempoAddress.pathUSD, data: try call.calldata())
  }

  func reserve(_ call: ChannelReserveCall) throws -> Call {
    Call(to: TempoAddress.channelReserve, data: try call.calldata())
  }

  func feeLog(_ account: DevnetAccount, _ amount: UInt128 = fee) throws -> Log {
    try TIP20Event.transfer(
      from: account.address, to: TempoAddress.feeManager, amount: UInt256(amount)
    ).log(token: TempoAddress.pathUSD)
  }

  func transferLog(_ from: Address, _ to: Address, _ amount: UInt128) throws -> Log {
    try TIP20Event.transfer(from: from, to: to, amount: UInt256(amount)).log(token: TempoAddress.pathUSD)
  }

  /// The chain's whole state, to compare.
  func dump() async throws -> String { try await rpc("devnet_getState").serialized() }
}

/// Numbers that never repeat within one chain.
final class Counter: Sendable {
  private let value = Mutex<UInt64>(0)
  func next() -> UInt64 {
    value.withLock {
      $0 += 1
      return $0
    }
  }
}
