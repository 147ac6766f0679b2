package import EVM
import MPPCore
package import MPPTempoClient
import MPPTesting
import Synchronization
package import Tempo
package import TempoDevnet
import TempoRPC

/// Account 1 of a chain and an access key of it that holds no funds of its own.
package struct AccessKeyOwner: Sendable {
  package let devnet: Devnet
  package let key: CountingKey
  /// Seconds; an hour from now.
  package let expiry: UInt64

  package init(_ devnet: Devnet, seed: UInt8 = 3) throws {
    self.devnet = devnet
    key = CountingKey(try Secp256k1PrivateKey([UInt8](repeating: seed, count: 32)))
    expiry = UInt64(clamping: devnet.clock.now.seconds) + 3_600
  }

  package var root: DevnetAccount { devnet.accounts[1] }
  package var signer: TempoSigner { TempoSigner(key) }

  /// By the account, for an hour, without limits; unless changed.
  package func authorization(
    signedBy signer: DevnetAccount? = nil, _ change: (inout KeyAuthorization) -> Void = { _ in }
  ) async throws -> SignedKeyAuthorization {
    var terms = KeyAuthorization(
      chainID: devnet.chainID, keyType: .secp256k1, keyID: key.address, expiry: expiry)
    change(&terms)
    return try await terms.signed(by: .secp256k1((signer ?? root).privateKey))
  }

  /// With a limit in pathUSD, once; base units.
  package func limited(to units: UInt64) async throws -> SignedKeyAuthorization {
    try await authorization {
      $0.limits = [SpendingLimit(token: TempoAddress.pathUSD, amount: UInt256(units))]
    }
  }

  /// The key as a payer.
  package func payer(_ authorization: SignedKeyAuthorization? = nil) -> TempoAccount {
    .accessKey(signer, of: root.address, authorization: authorization)
  }

  /// The account itself registers the key, in a transaction of its own.
  package func register(_ authorization: SignedKeyAuthorization) async throws {
    try await send(
      [Call(to: TempoAddress.pathUSD, data: try TIP20ABI.transferCalldata(to: root.address, amount: 1))],
      authorization)
  }

  /// The account revokes the key.
  package func revoke() async throws {
    let data = try AccountKeychainABI.revokeKey.encode([.address(key.address)])
    try await send([Call(to: TempoAddress.keychain, data: data)], nil)
  }

  package func status() async throws -> AccessKeyStatus {
    try await client.accessKey(key.address, of: root.address)
  }

  /// How many transactions have registered the key.
  package var registrations: Int {
    devnet.receipts().reduce(0) { count, receipt in
      count
        + receipt.logs.count { $0.topics.first == AccountKeychainABI.keyAuthorized.topic }
    }
  }

  private var client: ChainClient { ChainClient(transport: DevnetTransport(devnet), clock: devnet.clock) }

  private func send(_ calls: [Call], _ authorization: SignedKeyAuthorization?) async throws {
    let signer = TempoSigner.secp256k1(root.privateKey)
    let transaction = try await TransactionPlanner(client: client, chainID: devnet.chainID).plan(
      calls: calls, by: signer, feeToken: TempoAddress.pathUSD, keyAuthorization: authorization)
    let receipt = try await client.sendRawTransactionSync(try await transaction.signed(by: signer).serialized)
    guard receipt.succeeded else { throw TestFailure("the account's transaction was reverted") }
  }
}

/// A key that counts what it signs, and fails when told to.
package final class CountingKey: Signer {
  private let key: Secp256k1PrivateKey
  private let state = Mutex<(count: Int, failing: Set<Int>)>((0, []))

  package init(_ key: Secp256k1PrivateKey) { self.key = key }

  package var address: Address { key.address }
  package var count: Int { state.withLock { $0.count } }

  /// The n-th signature from now on, counted from zero, fails.
  package func fail(_ number: Int) {
    state.withLock { _ = $0.failing.insert($0.count + number) }
  }

  package func sign(_ digest: Hash32) async throws -> [UInt8] {
    let fails = state.withLock { state in
      defer { state.count += 1 }
      return state.failing.contains(state.count)
    }
    if fails { throw TestFailure("the key does not answer") }
    return key.sign(digest).bytes65
  }
}
