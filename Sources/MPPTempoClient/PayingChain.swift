import EVM
import MPPClient
import MPPCore
import Synchronization
import Tempo
import TempoRPC

/// The one chain a client pays on, through one node.
///
/// Nothing the node says is believed, and nothing is signed for it, before it has named its chain: a node of another chain shows
/// every channel empty and every payment absent. Every transaction of the account is planned and signed here, within a limit of
/// fees (T13, T14).
final class PayingChain: Sendable {
  /// A node that is on the right chain.
  struct Node: Sendable {
    let client: ChainClient
    let chainID: UInt64
  }

  /// Who pays the fee of a transaction.
  enum Fee: Sendable {
    /// Somebody who signs after the account and picks the token.
    case sponsored
    /// The account, at most `limit` base units.
    case own(token: Address, limit: Amount)

    fileprivate var token: Address? {
      switch self {
      case .sponsored: nil
      case .own(let token, _): token
      }
    }
    fileprivate var isSponsored: Bool { token == nil }
  }

  /// A signed transaction; nothing has left.
  struct Signed: Sendable {
    /// As the account signed it.
    let transaction: SignedTempoTransaction
    /// As it is given away: for a sponsor with the sender's name.
    let handedOut: SignedTempoTransaction
    /// The most the account pays in fees, base units.
    let fee: Amount

    var validBefore: UInt64? { transaction.transaction.validBefore }
  }

  let account: PayingAccount
  private let client: ChainClient
  /// The chain that was named when the client was set up; nil: the one the node is on.
  private let expected: UInt64?
  private let spending: SpendLedger
  private let random: any RandomSource
  private let verified = Mutex<UInt64?>(nil)

  init(
    network: TempoNetwork, account: PayingAccount, environment: ClientEnvironment, sleeper: any Sleeper
  ) throws {
    client = ChainClient(
      transport: try network.makeTransport(), clock: environment.clock, sleeper: sleeper,
      random: environment.random)
    expected = network.chainID
    spending = environment.spending
    random = environment.random
    self.account = account
  }

  /// The chain, where it is known without asking.
  var knownChainID: UInt64? { expected ?? verified.withLock { $0 } }

  /// The node, which has named its chain; asked once.
  /// - Throws: `.wrongChain` for a node of another chain than the one named at set-up.
  func node() async throws(PaymentClientError) -> Node {
    if let id = verified.withLock({ $0 }) { return Node(client: client, chainID: id) }
    let actual: UInt64
    do { actual = try await client.chainID() } catch {
      throw .chain("the node's chain id could not be read", error)
    }
    if let expected, expected != actual {
      throw PaymentClientError(.wrongChain, "the node is on chain \(actual), not \(expected)")
    }
    verified.withLock { $0 = actual }
    return Node(client: client, chainID: actual)
  }

  /// The node, for what belongs to one chain and means nothing on another.
  func node(of chainID: UInt64) async throws(PaymentClientError) -> Node {
    let node = try await node()
    guard node.chainID == chainID else {
      throw PaymentClientError(.wrongChain, "it belongs to chain \(chainID), the node is on \(node.chainID)")
    }
    return node
  }

  /// Plans and signs `calls`; nothing is sent, and nothing is counted.
  /// - Parameters:
  ///   - end: when the transaction's validity ends at the latest.
  ///   - isRecovery: it gets the account's own money back, so the period's total does not stand in its way.
  ///   - willSign: called when nothing but the signature is left to do.
  /// - Throws: `.refusedByPolicy` when the fee may be above its limit, or what is left of the period's total; nothing was signed.
  func sign(
    _ calls: [Call], fee: Fee, until end: Timestamp? = nil, isRecovery: Bool = false,
    willSign: () -> Void = {}
  ) async throws(PaymentClientError) -> Signed {
    let node = try await node()
    let planner = TransactionPlanner(client: node.client, chainID: node.chainID, random: random)
    var transaction = try await account.plan(
      calls, feeToken: fee.token, isSponsored: fee.isSponsored, planner)
    do {
      let cost = try cost(of: transaction, fee)
      if !isRecovery { try spending.check(cost) }
      if let end {
        transaction.validBefore = min(transaction.validBefore ?? .max, UInt64(clamping: end.seconds))
      }
      if fee.isSponsored { transaction.feePayer = .awaitingFeePayer }
      willSign()
      let signed = try await transaction.signed(by: account.signer)
      return Signed(
        transaction: signed,
        handedOut: fee.isSponsored ? try signed.handOff(sender: account.address) : signed, fee: cost)
    } catch {
      account.abandon(transaction)
      guard let error = error as? PaymentClientError else {
        throw PaymentClientError(.signing, "the transaction could not be signed", underlying: error)
      }
      throw error
    }
  }

  /// What is signed will not leave.
  func abandon(_ signed: Signed) { account.abandon(signed.transaction.transaction) }

  private func cost(of transaction: TempoTransaction, _ fee: Fee) throws -> Amount {
    guard case .own(_, let limit) = fee else { return .zero }
    let cost: Amount
    do {
      cost = Amount(units: try Fees.tokenUnits(gas: transaction.gas, price: transaction.maxFeePerGas))
    } catch {
      throw PaymentClientError(.refusedByPolicy, "the node names an impossible fee", underlying: error)
    }
    guard cost <= limit else {
      throw PaymentClientError(
        .refusedByPolicy, "the fee may reach \(cost) base units, the limit is \(limit)")
    }
    return cost
  }
}
