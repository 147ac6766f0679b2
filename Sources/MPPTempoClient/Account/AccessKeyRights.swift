import EVM
import Tempo

/// What an access key may do at this moment: by the chain, or by the authorization that goes with the payment. Pure.
struct AccessKeyRights: Sendable, Hashable {
  /// Seconds since 1970.
  var expiry: UInt64
  /// Nil: any call.
  var scopes: [CallScope]?
  /// What is left of each token; tokens that are not named may not be spent. Nil: no limits.
  var limits: [Address: UInt256]?

  init(expiry: UInt64, scopes: [CallScope]?, limits: [Address: UInt256]?) {
    self.expiry = expiry
    self.scopes = scopes
    self.limits = limits
  }

  /// What an authorization grants from its first use on.
  init(_ authorization: KeyAuthorization) {
    expiry = authorization.expiry ?? .max
    scopes = authorization.allowedCalls
    limits = authorization.limits.map { limits in
      Dictionary(limits.map { ($0.token, $0.amount) }, uniquingKeysWith: { first, _ in first })
    }
  }

  /// Seconds of life that the chain wants a key to have left.
  private static let margin: UInt64 = 3

  /// - Parameter now: seconds on the chain's clock.
  func checkAlive(at now: UInt64) throws(AccessKeyError) {
    let (end, overflow) = now.addingReportingOverflow(Self.margin)
    guard !overflow, expiry > end else { throw .expired(at: expiry) }
  }

  func check(_ calls: [Call]) throws(AccessKeyError) {
    guard let scopes else { return }
    for call in calls where !scopes.contains(where: { $0.allows(call) }) {
      throw .outOfScope(target: call.to ?? .zero, selector: Array(call.data.prefix(4)))
    }
  }

  func check(_ spending: TokenSpending) throws(AccessKeyError) {
    guard let limits else { return }
    for (token, needed) in spending.amounts.sorted(by: { $0.key < $1.key }) where needed > .zero {
      let remaining = limits[token] ?? .zero
      guard needed <= remaining else {
        throw .overLimit(token: token, needed: needed, remaining: remaining)
      }
    }
  }
}
