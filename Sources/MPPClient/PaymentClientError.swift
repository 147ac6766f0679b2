public import MPPCore

/// Why a paid request did not end as asked, whether asking again is safe, and what may have been paid meanwhile.
///
/// Switch on `code`; the vocabulary may grow.
public struct PaymentClientError: Error, Sendable, CustomStringConvertible {
  /// The reason, to decide by; more may come, so a `switch` needs a default.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// Lower case with hyphens, for logs and metrics.
    public let label: String
    package init(_ label: String) { self.label = label }
    public var description: String { label }

    /// The user's policy forbids it: price, deposit, period total, origin, recipient or token. Nothing was signed.
    public static let refusedByPolicy = Code("refused-by-policy")
    /// Plain HTTP to another machine. Nothing was signed.
    public static let insecureTransport = Code("insecure-transport")
    /// Not an absolute `http` or `https` URL. Nothing was sent.
    public static let invalidURL = Code("invalid-url")
    /// The challenge cannot be answered as it stands. Nothing was signed.
    public static let invalidChallenge = Code("invalid-challenge")
    /// Payment is asked for a request whose body can be read only once, or could not be read again. Nothing was signed; the demand is
    /// in `response`.
    public static let bodyNotReplayable = Code("body-not-replayable")
    /// Chain, escrow or descriptor are not those this client agreed to. Nothing was signed.
    public static let untrustedTerms = Code("untrusted-terms")
    /// The server wants more than this client counts (`05` §6.2). Nothing was signed for it.
    public static let requirementExceedsBound = Code("requirement-exceeds-bound")
    /// The server refused the payment for good, or as often as this client tries.
    public static let paymentRefused = Code("payment-refused")
    /// The channel cannot be used; its deposit is on the list of funds to recover. A request whose voucher may still be captured signs
    /// nothing else: the next request opens another channel.
    public static let channelUnusable = Code("channel-unusable")
    /// An opening or top-up was handed out and its outcome is not known yet; nothing new is signed until it is.
    public static let outcomeUnknown = Code("outcome-unknown")
    /// A receipt claims something this client did not sign. The response it came with is attached.
    public static let receiptInvalid = Code("receipt-invalid")
    /// The request could not be delivered, or its answer did not arrive.
    public static let transport = Code("transport")
    /// The node is on another chain than the client pays on, or than the channel or payment belongs to. Nothing was changed or signed.
    public static let wrongChain = Code("wrong-chain")
    /// Some of the channels could not be looked for; what was done with the others is in `channels`.
    public static let recoveryIncomplete = Code("recovery-incomplete")
    /// The chain could not be read or did not take a transaction.
    public static let chain = Code("chain")
    /// The journal could not be read or written. What it could not record was not sent.
    public static let journal = Code("journal")
    /// A voucher, proof or transaction could not be prepared or signed, or the signature is not the signer's
    /// own. It was not sent.
    public static let signing = Code("signing")
    /// A close was refused, or its receipt does not match what was signed. The channel stays listed.
    public static let closeFailed = Code("close-failed")
    /// Too many requests are waiting for one channel.
    public static let overloaded = Code("overloaded")
    /// The caller's task was cancelled. What was sent by then may have been paid: see
    /// ``PaymentClientError/exposure``.
    public static let cancelled = Code("cancelled")
    /// The client was shut down.
    public static let shutDown = Code("shut-down")
    /// A combination that cannot occur; please report it.
    public static let inconsistent = Code("inconsistent")
  }

  /// What left this client without a delivery that matches it. Base units.
  public struct Exposure: Sendable, Hashable {
    /// Authorised in vouchers beyond what was delivered; at most this may be captured.
    public var authorized: Amount
    /// Deposited, or handed out to be deposited; comes back by `recover()`.
    public var deposit: Amount
    /// The channel, where there is one.
    public var channel: String?

    /// Nothing left this client, or everything was delivered.
    public static let none = Exposure(authorized: .zero, deposit: .zero, channel: nil)
    /// - Parameters:
    ///   - authorized: base units.
    ///   - deposit: base units.
    public init(authorized: Amount, deposit: Amount, channel: String?) {
      self.authorized = authorized
      self.deposit = deposit
      self.channel = channel
    }
  }

  /// What to decide by.
  public let code: Code
  /// For people and logs; the wording may change.
  public let reason: String
  /// Whether the same call may be made again without paying twice for one delivery.
  public var isRetryable: Bool
  /// What may have been paid without a delivery. ``Exposure/none`` when nothing was.
  public var exposure: Exposure
  /// The server's own words, when it sent a problem document. Untrusted text.
  public var problem: ServerProblem?
  /// The final response, when there was one: its body was paid for and is not thrown away.
  public var response: PaidResponse?
  /// What `recover()` did all the same when it could not do everything.
  public var channels: [ChannelStatus]
  /// What the library below reported; for logs.
  public var underlying: (any Error)?
  /// Why the other offers of the answer, that the policy allows, could not be paid either, in the order in which they were tried.
  /// Nothing was signed for them.
  public var alternatives: [PaymentClientError] = []

  /// For ways to pay of your own.
  ///
  /// - Parameter isRetryable: `true` only where the same call cannot pay twice for one delivery.
  public init(
    _ code: Code, _ reason: String, isRetryable: Bool = false, exposure: Exposure = .none,
    problem: ServerProblem? = nil, response: PaidResponse? = nil, channels: [ChannelStatus] = [],
    underlying: (any Error)? = nil
  ) {
    self.channels = channels
    self.code = code
    self.reason = reason
    self.isRetryable = isRetryable
    self.exposure = exposure
    self.problem = problem
    self.response = response
    self.underlying = underlying
  }

  public var description: String {
    var text = "\(code): \(reason)"
    if let problem { text += " (server: \(problem))" }
    if let channel = exposure.channel { text += " [channel \(channel)]" }
    if let underlying { text += " (cause: \(underlying))" }
    for other in alternatives { text += "; another offer: \(other)" }
    return text
  }

  /// Whether this offer is the reason, and another one may do: not the request, the connection, the journal, or a moment's failure.
  var isOfTheOffer: Bool {
    let others: [Code] = [
      .insecureTransport, .invalidURL, .bodyNotReplayable, .transport, .journal, .signing, .overloaded,
      .cancelled, .shutDown, .inconsistent, .outcomeUnknown, .paymentRefused, .receiptInvalid,
      .channelUnusable,
    ]
    return !isRetryable && !others.contains(code)
  }

  package static func invalidURL(_ text: String) -> PaymentClientError {
    PaymentClientError(.invalidURL, "not an absolute http or https URL: \(printable(text, limit: 200))")
  }
}

/// A problem document from a server: shown, never trusted (T31).
public struct ServerProblem: Sendable, Hashable, CustomStringConvertible {
  /// HTTP status of the answer.
  public let status: Int
  /// The last part of the problem's type, such as `session/insufficient-balance`; nil when it is of another kind.
  public let kind: String?
  /// Control characters removed, at most 500 characters.
  public let detail: String?

  /// Texts are made fit for a terminal and cut: `kind` to 100 characters, `detail` to 500.
  public init(status: Int, kind: String?, detail: String?) {
    self.status = status
    self.kind = kind.map { printable($0, limit: 100) }
    self.detail = detail.map { printable($0, limit: 500) }
  }

  /// Reads a problem document; anything else gives the status alone.
  public init(status: Int, body: [UInt8]) {
    var kind: String?
    var detail: String?
    do throws(JSONParseError) {
      let value = try JSONValue(parsing: body)
      let prefix = "https://paymentauth.org/problems/".utf8
      if let type = value["type"]?.stringValue?.utf8, type.starts(with: prefix) {
        kind = String(decoding: type.dropFirst(prefix.count), as: UTF8.self)
      }
      detail = value["detail"]?.stringValue ?? value["title"]?.stringValue
    } catch {
      kind = nil
    }
    self.init(status: status, kind: kind, detail: detail)
  }

  public var description: String {
    [String(status), kind, detail].compactMap { $0 }.joined(separator: " ")
  }
}

/// Text from a peer, made fit for a terminal or a log.
package func printable(_ text: String, limit: Int) -> String {
  String(
    String.UnicodeScalarView(
      text.unicodeScalars.prefix(limit).map { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: " "
        default: scalar
        }
      }))
}
