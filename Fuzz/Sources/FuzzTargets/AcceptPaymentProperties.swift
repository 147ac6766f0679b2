@testable import MPPCore

/// `Accept-Payment`: what is read and written again says the same, and a ranking only orders and removes.
enum AcceptPaymentProperties {
  private static let foreign = [("tempo", "charge"), ("tempo", "session"), ("evm", "charge"), ("*", "x")]

  static func check(_ bytes: [UInt8]) throws {
    let header = String(decoding: bytes, as: UTF8.self)
    let accept: AcceptPayment
    do {
      accept = try AcceptPayment(parsing: header)
    } catch {
      _ = error.description
      return
    }
    let entries = accept.entries
    try require(
      !entries.isEmpty && entries.count <= AcceptPayment.maximumEntries, "more entries than the limit")
    let written = accept.headerValue
    if written.utf8.count <= AcceptPayment.maximumBytes {
      let again = try AcceptPayment(parsing: written)
      try require(again == accept, "parse ∘ serialize changes preferences")
      try require(again.headerValue.hasBytes(of: written), "the written preferences are not stable")
    }
    try ranks(accept, foreign + entries.map { ($0.method, $0.intent) })
  }

  private static func ranks(_ accept: AcceptPayment, _ offers: [(String, String)]) throws {
    func weight(_ index: Int) -> PaymentWeight {
      accept.weight(method: offers[index].0, intent: offers[index].1) ?? .none
    }
    let ranked = accept.rank(Array(offers.indices)) { (method: offers[$0].0, intent: offers[$0].1) }
    try require(
      ranked.sorted() == offers.indices.filter { weight($0) > .none }, "a ranking adds or loses an offer")
    for (left, right) in zip(ranked, ranked.dropFirst()) {
      try require(
        weight(left) > weight(right) || (weight(left) == weight(right) && left < right),
        "a ranking is out of order")
    }
  }
}
