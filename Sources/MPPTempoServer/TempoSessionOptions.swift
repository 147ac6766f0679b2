public import EVM
public import MPPCore
public import MPPServer
import Tempo
public import TempoRPC

/// How a server takes Tempo session payments (`04` §13). Times in milliseconds.
public struct TempoSessionOptions: Sendable {
  /// Sends settle and close. Its address must be the payee, or the operator.
  public var signer: any Signer
  /// The node.
  public var transport: any RPCTransport
  /// The chain that challenges name and vouchers are signed for. The node is asked for its own once, before anything it says is
  /// believed: a server whose node is on another does not start, and opens no channel.
  public var chainID: UInt64
  /// The payee; the signer's address when nil.
  public var recipient: Address?
  /// May settle and close beside the payee; nil when nobody else may.
  public var `operator`: Address?
  /// The token, as spelt on the wire; the chain's default when nil (`04` §2).
  public var currency: String?
  /// Decimals of the token.
  public var decimals = 6
  /// The contract that holds the channels; offers may name another.
  public var escrow = TempoAddress.channelReserve
  /// What clients shall pay the fees of open and top-up in, and what settle and close are paid in. When nil,
  /// nothing is advertised and the server pays in the channel's token.
  public var feeToken: Address?
  /// The most one settle or close may cost in fees, base units of its fee token; the default is 0.05. What a node asks beyond that is not
  /// signed: the channel stays as it is, and it is tried again at a later sweep.
  public var maximumFee = Amount(units: 50_000)
  /// Pays the fees of opens and top-ups, within its limits and one budget for all it sponsors; nil: payers pay their own. Offers may
  /// say `"feePayer": false`.
  public var feePayer: FeePayerOptions?
  /// Decimal text in units of the token; offers may say otherwise.
  public var suggestedDeposit: String?
  /// Smallest step of a voucher, decimal text in units of the token; offers may say otherwise.
  public var minVoucherDelta: String?
  /// Chain state older than this is read again before a voucher is accepted.
  public var channelStateTTL: Int64 = 5_000
  /// How long vouchers within the known deposit are still served when the chain cannot be read.
  public var maximumStaleness: Int64 = 60_000
  /// How long a price that was set aside is safe after its process died, and how long a close waits for
  /// deliveries under way. Longer deliveries are fine: their lease is renewed while they run.
  public var holdLease: Int64 = 60_000
  /// A delivery that has not ended after this time is taken for forgotten: charged when its first byte was sent,
  /// otherwise given back and refused.
  public var longestDelivery: Int64 = 3_600_000
  /// Opens that are looked at at once; one more is answered 503. The same number of top-ups beside them, and of both together that are
  /// being sent: each of these may wait for its transaction as long as that is valid.
  public var maximumOpenings = 32
  /// The same for the transactions of one account.
  public var maximumOpeningsPerPayer = 4
  /// How far ahead the end of validity of a client's open or top-up may be. The reference's clients choose 25 s.
  public var longestTransactionValidity: Int64 = 120_000
  /// How long ended chain actions stay in the ledger, counted from their beginning. While they are there, a repeated
  /// credential finds what became of the first.
  public var intentRetention: Int64 = 7 * 86_400_000
  /// When to settle by itself; nil never does. A settlement that fails is tried again at the next sweep; when it fails again, after two
  /// sweep intervals, and so on, doubled up to 64. Forced closes are tried at every sweep.
  public var settlement: SettlementSchedule?
  /// How often background work looks at all channels.
  public var sweepInterval: Int64 = 30_000
  /// Whether no other process serves this ledger: holds of earlier runs are then known to be dead. When nil, the
  /// store says whether it can be shared.
  public var isOnlyProcess: Bool?
  /// Bounds on the requests to the node. Dry runs get a quarter more, of their own.
  public var limits = ChainClientLimits()
  /// For every wait, so that tests need none.
  public var sleeper: any Sleeper = TaskSleeper()
  /// Called after each settlement and close, one after the other, in a task of its own: what it does fails and delays no payment, and the
  /// next call waits for it. When 1,024 wait, further ones are logged and left out. The last ones may be lost when the process ends; what
  /// was captured is in the ledger. Nil: nobody is told.
  public var onSettlement: (@Sendable (SettlementEvent) async -> Void)?
  /// Finds the channel of a request for the hints of a challenge; see `ChannelHint`.
  public var channelHint: (@Sendable (PaymentRequest) async -> ChannelHint?)?

  /// Whether payers may find their channels again by proving their account with `HEAD`. Each proof costs a signature check and one entry
  /// in the ledger until its challenge expires; one by an access key asks the node as well, with the smaller share of dry runs.
  public var bootstrap = SessionBootstrap.off

  /// Everything else has its default: the payee is the signer's address, nothing is settled by itself.
  public init(signer: any Signer, transport: any RPCTransport, chainID: UInt64) {
    self.signer = signer
    self.transport = transport
    self.chainID = chainID
  }

  var payee: Address { recipient ?? signer.address }

  var currencyText: String {
    currency ?? (chainID == TempoChain.mainnet ? TempoAddress.usdcE.checksummed : TempoAddress.pathUSD.hex)
  }
}

/// When a channel is settled by itself; whatever comes first (`04` §21.3).
public struct SettlementSchedule: Sendable, Hashable {
  /// Charges since the last settlement.
  public var units: UInt64?
  /// Charged since the last settlement, decimal text in units of the token.
  public var amount: String?
  /// Since the last settlement, or since the channel was opened. Also looked at when nobody pays.
  public var intervalMilliseconds: Int64?

  /// All nil: never. An amount that is not one of the token is refused when the server starts.
  public init(units: UInt64? = nil, amount: String? = nil, intervalMilliseconds: Int64? = nil) {
    self.units = units
    self.amount = amount
    self.intervalMilliseconds = intervalMilliseconds
  }
}

/// A settlement or close that is on chain and in the ledger.
public struct SettlementEvent: Sendable, Equatable {
  /// Why the channel was settled or closed.
  public enum Trigger: String, Sendable {
    /// Asked for by the application, or an unfinished settlement of any kind that was finished later.
    case settle
    /// Due by the ``SettlementSchedule``.
    case scheduled
    /// The payer closed, or an unfinished close of any kind was finished later.
    case close
    /// The server closed because the payer had asked the chain to.
    case forcedClose
  }

  /// The channel whose money moved.
  public let channelID: Hash32
  /// The transaction that the server sent.
  public let transactionHash: Hash32
  /// Why it was sent; for reports, not for decisions.
  public let trigger: Trigger
  /// Captured in total since the channel was opened, base units.
  public let amount: Amount
  /// Captured by this transaction.
  public let delta: Amount
}

/// A channel that a request may belong to.
///
/// Channel ids are public: a header or a cookie that names one proves nothing. The signed voucher goes into a
/// snapshot only when the application has authenticated the request as this payer (W4).
public struct ChannelHint: Sendable, Hashable {
  /// The channel that the request names; it may be anybody's.
  public let channelID: Hash32
  /// The application has authenticated the request as this account; nil for a bare hint, which yields no
  /// snapshot.
  public let authenticatedPayer: Address?

  /// - Parameter authenticatedPayer: only an account that the application has authenticated itself.
  public init(channelID: Hash32, authenticatedPayer: Address?) {
    self.channelID = channelID
    self.authenticatedPayer = authenticatedPayer
  }
}
