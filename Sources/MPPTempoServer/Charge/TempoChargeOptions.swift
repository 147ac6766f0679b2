public import EVM
public import MPPCore
import Tempo
public import TempoRPC

/// How a server takes Tempo charges: one payment on the chain for one request (`06` §1). Times in milliseconds.
public struct TempoChargeOptions: Sendable {
  /// Which form of payment a payer used.
  public enum Mode: String, Sendable, Hashable, CaseIterable {
    /// The payer signs, the server broadcasts.
    case pull
    /// The payer broadcasts and presents the hash.
    case push
    /// Nothing is paid: a signature proves the account (amount zero).
    case proof
  }

  /// The node.
  public var transport: any RPCTransport
  /// The chain that challenges name. The node is asked for its own once, before anything it says is believed: a server whose node is
  /// on another does not start, and takes no payment.
  public var chainID: UInt64
  /// The payee; offers may name another.
  public var recipient: Address?
  /// The token, as spelt on the wire; the chain's default when nil.
  public var currency: String?
  /// Decimals of the token.
  public var decimals = 6
  /// Pays the fees of pulled transactions; nil: payers pay their own.
  public var feePayer: FeePayerOptions?
  /// Takes pushed payments for a route with a memo of its own. Such a memo binds a payment to no challenge, so it must
  /// be different for every purchase (`06` §1.12).
  public var explicitMemoIsUnique = false
  /// Takes pushed payments that do not say who paid.
  public var allowsSourcelessHash = false
  /// A proof may be used again until its challenge expires, as with the reference's default.
  public var proofsAreReusable = false
  /// Whether an account may pay; asked about verified accounts only, before anything is claimed or signed.
  public var allowsPayer: (@Sendable (Address, Mode) async -> Bool)?
  /// How long a delivery is safe after its process died; afterwards the payment may be redeemed once more. Longer deliveries are fine:
  /// their lease is renewed while they run.
  public var deliveryLease: Int64 = 60_000
  /// A delivery that has not ended after this time is taken for forgotten: done when its first byte was sent, otherwise failed, and
  /// refused.
  public var longestDelivery: Int64 = 3_600_000
  /// How long to look for a pushed payment that the node does not know yet.
  public var pushDeadline: Int64 = 10_000
  /// How often payments whose answer was lost are looked for.
  public var sweepInterval: Int64 = 30_000
  /// How long transactions that have ended stay in the ledger. Their payments are never forgotten.
  public var intentRetention: Int64 = 7 * 86_400_000
  /// Bounds on the requests to the node. Dry runs get a quarter more, of their own.
  public var limits = ChainClientLimits()
  /// For every wait, so that tests need none.
  public var sleeper: any Sleeper = TaskSleeper()

  /// - Parameter recipient: nil: every offer has to name one.
  public init(transport: any RPCTransport, chainID: UInt64, recipient: Address? = nil) {
    self.transport = transport
    self.chainID = chainID
    self.recipient = recipient
  }

  var currencyText: String {
    currency ?? (chainID == TempoChain.mainnet ? TempoAddress.usdcE.checksummed : TempoAddress.pathUSD.hex)
  }
}
