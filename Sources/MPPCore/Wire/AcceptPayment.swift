/// The `Accept-Payment` preferences of a client: which methods and intents it can pay with, and how gladly
/// (`01` §8).
public struct AcceptPayment: Sendable, Hashable {
  /// Bytes of a header value.
  public static let maximumBytes = 8192
  /// Entries of a header value.
  public static let maximumEntries = 128

  /// In the order of the header; the earlier one wins between equals.
  public let entries: [Entry]

  /// One `method/intent;q=value`. `*` stands for any.
  public struct Entry: Sendable, Hashable {
    /// `*`, or `a-z`, `0-9` and `-`.
    public let method: String
    /// `*`, or `a-z`, `0-9` and `-`.
    public let intent: String
    /// ``PaymentWeight/none``: never in this way.
    public let weight: PaymentWeight

    /// Throws unless both sides are `*` or made of `a-z`, `0-9` and `-`.
    public init(
      method: String, intent: String, weight: PaymentWeight = .full
    ) throws(AcceptPaymentError) {
      guard Self.isRange(method) else { throw .invalidMethod(method) }
      guard Self.isRange(intent) else { throw .invalidIntent(intent) }
      self.method = method
      self.intent = intent
      self.weight = weight
    }

    /// Number of sides that are not `*`: the more specific entry decides about an offer.
    var specificity: Int {
      (method.equalsBytes(of: "*") ? 0 : 1) + (intent.equalsBytes(of: "*") ? 0 : 1)
    }

    func matches(method other: String, intent otherIntent: String) -> Bool {
      (method.equalsBytes(of: "*") || method.equalsBytes(of: other))
        && (intent.equalsBytes(of: "*") || intent.equalsBytes(of: otherIntent))
    }

    static func isRange(_ text: String) -> Bool {
      if text.equalsBytes(of: "*") { return true }
      return !text.isEmpty
        && text.utf8.allSatisfy {
          switch $0 {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"):
            true
          default: false
          }
        }
    }
  }

  /// In order of preference; ``maximumBytes`` and ``maximumEntries`` are not checked here.
  public init(_ entries: [Entry]) {
    self.entries = entries
  }

  /// What a client with these methods sends. `preferences` may weigh the pairs it names, all others have
  /// full weight. Pairs that the grammar of the header cannot express are left out, because they would spoil
  /// the header for peers that read it strictly.
  ///
  /// Throws when a preference names a pair that is not among the methods.
  public init(
    methods: [(method: String, intent: String)], preferences: [String: PaymentWeight] = [:]
  ) throws(AcceptPaymentError) {
    func key(_ pair: (method: String, intent: String)) -> String { "\(pair.method)/\(pair.intent)" }
    let known = methods.map(key)
    for name in preferences.keys.sorted() where !known.contains(where: { $0.equalsBytes(of: name) }) {
      throw .unknownPreference(name, available: known)
    }
    entries = methods.compactMap { pair in
      try? Entry(method: pair.method, intent: pair.intent, weight: preferences[key(pair)] ?? .full)
    }
  }

  /// The header value. Empty without entries: send no header then.
  public var headerValue: String {
    entries.map { entry in
      let name = "\(entry.method)/\(entry.intent)"
      return entry.weight == .full ? name : "\(name);q=\(entry.weight)"
    }.joined(separator: ", ")
  }

  /// The weight of an offer, nil when no entry matches: the most specific match decides, then the higher
  /// weight. So `tempo/charge;q=0` beats `tempo/*`.
  public func weight(method: String, intent: String) -> PaymentWeight? {
    var best: Entry?
    for entry in entries where entry.matches(method: method, intent: intent) {
      guard let current = best else {
        best = entry
        continue
      }
      if (entry.specificity, entry.weight) > (current.specificity, current.weight) { best = entry }
    }
    return best?.weight
  }

  /// The offers the client accepts, the most wanted first; equals keep their order. Offers that no entry
  /// matches, or that are weighed with zero, are removed.
  public func rank<Offer>(
    _ offers: [Offer], by key: (Offer) -> (method: String, intent: String)
  ) -> [Offer] {
    let weighed = offers.enumerated().compactMap { index, offer -> (Int, PaymentWeight, Offer)? in
      let (method, intent) = key(offer)
      guard let weight = weight(method: method, intent: intent), weight > .none else { return nil }
      return (index, weight, offer)
    }
    return weighed.sorted { ($1.1, $0.0) < ($0.1, $1.0) }.map(\.2)
  }

  /// The challenges a client with these methods can answer, the most wanted first: each with every method of
  /// its name and intent, in the order of the methods.
  public func select<Offer, Method>(
    _ offers: [Offer], methods: [Method], offerKey: (Offer) -> (method: String, intent: String),
    methodKey: (Method) -> (method: String, intent: String)
  ) -> [(offer: Offer, index: Int, method: Method)] {
    var selection: [(offer: Offer, index: Int, method: Method)] = []
    for (index, offer) in rank(Array(offers.enumerated()), by: { offerKey($0.element) }) {
      let wanted = offerKey(offer)
      for method in methods {
        let key = methodKey(method)
        guard key.method.equalsBytes(of: wanted.method), key.intent.equalsBytes(of: wanted.intent) else {
          continue
        }
        selection.append((offer: offer, index: index, method: method))
      }
    }
    return selection
  }
}
