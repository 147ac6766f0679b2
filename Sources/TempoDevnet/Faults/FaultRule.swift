public import EVM
public import MPPCore

/// One thing that shall go wrong: which request or transaction, how, and how often (`03` §12).
///
/// The first active rule that matches applies. `skip: 1, count: 1` is "the second call only".
public struct FaultRule: Sendable {
  /// Which requests or transactions are meant.
  public var match: FaultMatch
  /// What goes wrong with them.
  public var action: FaultAction
  /// Matching calls that pass untouched first.
  public var skip: Int
  /// Matching calls that are then hit; `nil` is all of them.
  public var count: Int?
  /// Chance in `0...1` that a call which would be hit is hit, from the configuration's seed.
  public var probability: Double

  /// - Parameters:
  ///   - skip: matching calls that pass untouched first.
  ///   - count: matching calls that are then hit; nil hits all of them.
  ///   - probability: from 0 to 1.
  public init(
    _ match: FaultMatch, _ action: FaultAction, skip: Int = 0, count: Int? = 1, probability: Double = 1
  ) {
    self.match = match
    self.action = action
    self.skip = skip
    self.count = count
    self.probability = probability
  }
}

/// What a rule looks at; members that are set must all hold.
public struct FaultMatch: Sendable, Hashable {
  /// A JSON-RPC method; `*` stands for anything.
  public var method: String?
  /// The transaction a broadcast carries: its sender, any call's target, any call's selector, its hash.
  public var from: Address?
  /// The target of any of its calls.
  public var to: Address?
  /// The first four bytes of any of its calls.
  public var selector: [UInt8]?
  /// Its transaction hash.
  public var hash: Hash32?
  /// Who pays its fee.
  public var feePayer: Address?
  /// A channel that a call of it opens, changes or closes.
  public var channelID: Hash32?
  /// The path of the HTTP request, as `/sponsor`.
  public var path: String?

  /// Without arguments: everything.
  public init(
    method: String? = nil, from: Address? = nil, to: Address? = nil, selector: [UInt8]? = nil,
    hash: Hash32? = nil, feePayer: Address? = nil, channelID: Hash32? = nil, path: String? = nil
  ) {
    self.method = method
    self.from = from
    self.to = to
    self.selector = selector
    self.hash = hash
    self.feePayer = feePayer
    self.channelID = channelID
    self.path = path
  }

  /// Requests of this JSON-RPC method (`*` stands for anything).
  public static func method(_ name: String) -> FaultMatch { FaultMatch(method: name) }
  /// `eth_sendRawTransaction` and `eth_sendRawTransactionSync`.
  public static let broadcast = FaultMatch(method: "eth_sendRawTransaction*")

  var looksAtTransaction: Bool {
    from != nil || to != nil || selector != nil || hash != nil || feePayer != nil || channelID != nil
  }
}

/// What happens to a matched call.
public enum FaultAction: Sendable {
  // Requests.
  /// Answers this JSON-RPC error; nothing is executed.
  case rpcError(code: Int, message: String, data: JSONValue? = nil)
  /// Answers with an HTTP status and body; nothing is executed.
  case http(status: Int, body: String = "", retryAfterSeconds: Int? = nil)
  /// Executes, answers that much later.
  case delay(milliseconds: Int)
  /// Never executes, closes the connection after that time without an answer.
  case hang(milliseconds: Int)
  /// Closes the connection before anything is executed.
  case refuse
  /// Executes, then closes the connection without an answer.
  case loseReply
  /// Executes, then answers something that is not JSON.
  case garbage
  /// Merges into the `result` of an honest answer (RFC 7396).
  case patchResult(JSONValue)
  /// Answers reads of `latest` from so many blocks ago and refuses reads pinned to newer ones, as a node
  /// behind a balancer that lags.
  case staleReads(blocks: Int)

  // Transactions; they apply to a broadcast that the chain would accept.
  /// Answers the hash, then forgets the transaction.
  case drop
  /// Keeps the transaction pending until so many blocks have been sealed.
  case hold(blocks: Int)
  /// Keeps the transaction pending for that time; its window may close meanwhile.
  case holdFor(milliseconds: Int)
  /// Processes the transaction, then offers the same bytes to the chain again. What becomes of the second is in
  /// `devnet_trace`; it has to be a refusal.
  case duplicate
  /// Mines the transaction with status 0 and its whole gas limit used.
  case outOfGas
  /// Mines the transaction with status 0.
  case revert(data: [UInt8] = [])
  /// Mines the transaction, but its receipt reads `null` so many times.
  case hideReceipt(polls: Int)
  /// Mines the transaction, but its receipt reads `null` for that time.
  case hideReceiptFor(milliseconds: Int)
  /// Mines the transaction; wherever its receipt is shown, this is merged into it (RFC 7396).
  case patchReceipt(JSONValue)
}

extension FaultAction {
  var concernsTransaction: Bool {
    switch self {
    case .drop, .hold, .holdFor, .duplicate, .outOfGas, .revert, .hideReceipt, .hideReceiptFor,
      .patchReceipt:
      true
    default: false
    }
  }
}
