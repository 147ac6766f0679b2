public import EVM
import MPPServer
public import TempoRPC

/// A sponsor elsewhere, asked by `eth_fillTransaction` for each transaction (`02` §6.5). It gets what the customer has signed for,
/// without the customer's signature; of its answer only a fee token and a signature are used, after they were checked.
public struct FeePayerHost: Sendable {
  enum Way: Sendable {
    case url(String)
    case transport(any RPCTransport, name: String)
  }

  let way: Way
  /// Tokens that fees may be paid in. When nil: pathUSD and the chain's default token, for sessions also the channel's.
  public var feeTokens: [Address]?
  /// Who must have signed. When nil anybody who can pay the fee may be the sponsor, except the sender.
  public var sponsor: Address?
  /// How long one answer may take, 1 to 20,000 milliseconds.
  public var timeoutMilliseconds: Int64 = 10_000

  #if Client
    /// - Parameters:
    ///   - url: an `https` address; `http` on this machine only. A mistake shows when the server is made.
    ///   - feeTokens: nil: the usual ones.
    ///   - sponsor: nil: anybody who can pay, except the sender.
    public init(url: String, feeTokens: [Address]? = nil, sponsor: Address? = nil) {
      way = .url(url)
      self.feeTokens = feeTokens
      self.sponsor = sponsor
    }

    /// As ``init(url:feeTokens:sponsor:)``, for `feePayer: .url("https://…")`.
    public static func url(
      _ url: String, feeTokens: [Address]? = nil, sponsor: Address? = nil
    ) -> FeePayerHost {
      FeePayerHost(url: url, feeTokens: feeTokens, sponsor: sponsor)
    }
  #endif

  /// - Parameters:
  ///   - transport: the way to the host. It follows no redirects, and keeps to the time it is given.
  ///   - name: of the host, for its budget; the same in all processes of one ledger.
  ///   - feeTokens: nil: the usual ones.
  ///   - sponsor: nil: anybody who can pay, except the sender.
  public init(
    transport: any RPCTransport, name: String, feeTokens: [Address]? = nil, sponsor: Address? = nil
  ) {
    way = .transport(transport, name: name)
    self.feeTokens = feeTokens
    self.sponsor = sponsor
  }

  /// The longest ``timeoutMilliseconds``: an answer comes before the lease of its reservation ends.
  static let longestTimeout: Int64 = 20_000

  /// Whose budget is used up: the sponsor's where it is known, the host's otherwise.
  var budgetAddress: Address {
    if let sponsor { return sponsor }
    let name =
      switch way {
      case .url(let url): url
      case .transport(_, let name): name
      }
    return Address(truncating: Keccak256.hash(Array("mpp fee payer host ".utf8) + Array(name.utf8)))
  }

  /// - Throws: `ConfigurationError` for an address that is no URL or not safe, and for values that cannot work.
  func client() throws(ConfigurationError) -> FeePayerHostClient {
    guard (1...Self.longestTimeout).contains(timeoutMilliseconds) else {
      throw ConfigurationError(.feePayer, "a fee payer's host has 1 to 20000 milliseconds to answer")
    }
    guard feeTokens?.isEmpty != true else {
      throw ConfigurationError(.feePayer, "no fee token is allowed: leave feeTokens out, or name some")
    }
    switch way {
    case .transport(let transport, _):
      return FeePayerHostClient(transport: transport, timeoutMilliseconds: timeoutMilliseconds)
    case .url(let url):
      try FeePayerURL.check(url)
      #if Client
        let transport = AsyncHTTPRPCTransport(
          url: url, answerBytes: FeePayerHostClient.answerBytes, takesErrorStatus: false)
        return FeePayerHostClient(transport: transport, timeoutMilliseconds: timeoutMilliseconds)
      #else
        throw ConfigurationError(.feePayer, "the package was built without the trait Client")
      #endif
    }
  }
}
