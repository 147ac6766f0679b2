@testable import MPPCore
@testable import MPPTempo

/// Payloads, requests, receipts and snapshots of the methods, as JSON.
enum SessionWireProperties {
  static func check(_ bytes: [UInt8]) throws {
    guard let value = try? JSONValue(parsing: bytes) else { return }
    if let schema = try? SessionPayloadSchema(parsing: value) {
      try require(
        try SessionPayloadSchema(parsing: schema.jsonValue) == schema, "the schema of a payload changes")
    }
    switch Result(catching: { () throws(SessionPayloadError) in try SessionPayload(parsing: value) }) {
    case .success(let payload): try payloadRewrites(payload)
    case .failure(let error): _ = error.problem.body()
    }
    if let request = try? SessionRequest(parsing: value) {
      try require(
        try SessionRequest(parsing: request.jsonValue) == request, "parse ∘ write changes a session request")
      _ = try? request.requireServerFields()
    }
    if let payload = try? ChargePayload(parsing: value) {
      try require(try ChargePayload(parsing: payload.jsonValue) == payload, "a charge's payload changes")
    }
    if let request = try? ChargeRequest(parsing: value) {
      try require(try ChargeRequest(parsing: request.jsonValue) == request, "a charge's request changes")
    }
    if let payload = try? SubscriptionPayload(parsing: value) {
      try require(
        try SubscriptionPayload(parsing: payload.jsonValue) == payload, "a subscription's payload changes")
    }
    if let request = try? SubscriptionRequest(parsing: value) {
      try require(
        try SubscriptionRequest(parsing: request.jsonValue) == request, "a subscription's request changes")
      _ = try? request.requireServerFields()
    }
    if let need = try? NeedVoucher(parsing: value) {
      try require(try NeedVoucher(parsing: need.jsonValue) == need, "a request for a voucher changes")
    }
    if let snapshot = try? SessionSnapshot(parsing: value) {
      try require(
        try SessionSnapshot(parsing: snapshot.jsonValue) == snapshot, "parse ∘ write changes a snapshot")
    }
    if let receipt = try? SessionReceipt(parsing: value) {
      try require(
        try SessionReceipt(parsing: receipt.jsonValue) == receipt, "parse ∘ write changes a receipt")
    }
  }

  private static func payloadRewrites(_ payload: SessionPayload) throws {
    // An odd number of digits reads as no bytes, which has no spelling of its own.
    guard case let again? = try? SessionPayload(parsing: payload.jsonValue) else { return }
    try require(again == payload, "parse ∘ write changes a payload")
  }
}
