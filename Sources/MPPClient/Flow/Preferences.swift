import HTTPTypes
import MPPCore

/// Which of a server's offers a client wants, and what it says about that in `Accept-Payment` (`01` §8, §18.2).
struct Preferences: Sendable {
  private let weights: [(method: String, intent: String, weight: PaymentWeight)]
  private let header: String?

  /// - Parameter weights: by `method/intent`.
  /// - Throws: `AcceptPaymentError` when one names a way this client does not have.
  init(
    methods: [any ClientMethod], weights: [String: PaymentWeight], policy: SpendPolicy, isSent: Bool
  ) throws(AcceptPaymentError) {
    var pairs: [(method: String, intent: String)] = []
    for method in methods where !pairs.contains(where: { $0 == (method.name, method.intent) }) {
      pairs.append((method.name, method.intent))
    }
    // What is named must exist, also when the policy forbids it.
    _ = try AcceptPayment(methods: pairs, preferences: weights)
    let allowed = pairs.filter { policy.allows(method: $0.method, intent: $0.intent) }
    self.weights = allowed.map { ($0.method, $0.intent, weights["\($0.method)/\($0.intent)"] ?? .full) }
    let known = weights.filter { name, _ in allowed.contains { "\($0.method)/\($0.intent)" == name } }
    let value = try AcceptPayment(methods: allowed, preferences: known).headerValue
    header = isSent && !value.isEmpty ? value : nil
  }

  /// Adds the field to a request that has none of its own. Whom the policy never pays learns nothing.
  func add(to headers: inout HTTPFields, origin: Origin, policy: SpendPolicy) {
    guard let header, headers[ProtocolHeaders.acceptPayment] == nil,
      origin.mayReceiveCredentials, policy.origins?.contains(origin) ?? true
    else { return }
    headers[ProtocolHeaders.acceptPayment] = header
  }

  /// Whether the client has this way to pay and may use it: the policy allows it, and its weight is above none.
  func uses(method: String, intent: String) -> Bool {
    weights.contains {
      $0.method.equalsBytes(of: method) && $0.intent.equalsBytes(of: intent) && $0.weight > .none
    }
  }

  /// The offers in the order in which they are to be paid: by weight, then as the server put them. A field of the request's own that
  /// can be read takes the place of the configured weights.
  func ordered<Item>(
    _ items: [Item], for headers: HTTPFields, by key: (Item) -> (method: String, intent: String)
  ) -> [Item] {
    if let own = headers[ProtocolHeaders.acceptPayment], let wanted = try? AcceptPayment(parsing: own) {
      return wanted.rank(items, by: key)
    }
    let weighed = items.enumerated().compactMap { index, item -> (Int, PaymentWeight, Item)? in
      let (method, intent) = key(item)
      let known = weights.first { $0.method.equalsBytes(of: method) && $0.intent.equalsBytes(of: intent) }
      guard let weight = known?.weight, weight > .none else { return nil }
      return (index, weight, item)
    }
    return weighed.sorted { ($1.1, $0.0) < ($0.1, $1.0) }.map(\.2)
  }
}
