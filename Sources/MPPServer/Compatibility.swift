/// Switches for mixed fleets and for replaying recorded exchanges (`01` §23.6). The defaults are ours;
/// ``reference`` is what the reference SDK does.
public struct Compatibility: Sendable, Hashable {
  /// Six random digits below the millisecond in `expires`, which make challenge ids unique (`01` §4.5).
  public var idEntropyInExpires: Bool
  /// Bind `METHOD pattern` of the declared route to every challenge (`01` §4.7).
  public var scopeBinding: Bool
  /// Bind one-time challenges to the body of their request (`01` §7).
  public var bodyBinding: Bool
  /// Send receipts on 4xx answers too (`01` §6).
  public var receiptOnErrors: Bool
  /// Write several challenges as one `WWW-Authenticate` line (`01` §3.4).
  public var mergeChallengesInOneField: Bool
  /// Accept challenges this long after they expired (seconds).
  public var leewaySeconds: Int64

  /// Defaults: ids with entropy, route and body bound, no receipt on errors, one line for each challenge, no
  /// leeway.
  public init(
    idEntropyInExpires: Bool = true, scopeBinding: Bool = true, bodyBinding: Bool = true,
    receiptOnErrors: Bool = false, mergeChallengesInOneField: Bool = false, leewaySeconds: Int64 = 0
  ) {
    self.idEntropyInExpires = idEntropyInExpires
    self.scopeBinding = scopeBinding
    self.bodyBinding = bodyBinding
    self.receiptOnErrors = receiptOnErrors
    self.mergeChallengesInOneField = mergeChallengesInOneField
    self.leewaySeconds = leewaySeconds
  }

  /// Everything as the reference SDK does it: equal challenges of one millisecond share an id, and a
  /// challenge pays at every route with the same terms and for any body. No leeway.
  public static let reference = Compatibility(
    idEntropyInExpires: false, scopeBinding: false, bodyBinding: false, receiptOnErrors: true,
    mergeChallengesInOneField: true)
}
