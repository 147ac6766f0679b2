import HTTPTypes
import MPPClient
import MPPCore

/// What `mpp request` prints: bodies, or events. Each response is written whole, so that concurrent ones do
/// not mix.
struct ResponsePrinter: Sendable {
  let includesHead: Bool
  let isJSON: Bool
  let isSilent: Bool

  func response(_ index: Int, _ response: PaidResponse, body: [UInt8]) {
    if isJSON {
      Output.json(event(index, response, body))
    } else {
      Output.bytes((includesHead ? head(response) : []) + body)
    }
  }

  func failure(_ index: Int, _ error: PaymentClientError) {
    guard isJSON else { return }
    var members: [JSONValue.Member] = [
      .init(key: "event", value: "error"), .init(key: "index", value: .integer(Int64(index))),
      .init(key: "code", value: .string(error.code.label)),
      .init(key: "message", value: .string(FailureMapping.reason(error))),
      .init(key: "retryable", value: .bool(error.isRetryable)),
      .init(
        key: "exposure",
        value: [
          "authorized": error.exposure.authorized.json, "deposit": error.exposure.deposit.json,
          "channel": error.exposure.channel.map { .string($0) } ?? .null,
        ]),
    ]
    if let problem = error.problem {
      members.append(
        .init(
          key: "problem",
          value: [
            "status": .integer(Int64(problem.status)), "kind": problem.kind.map { .string($0) } ?? .null,
            "detail": problem.detail.map { .string($0) } ?? .null,
          ]))
    }
    Output.json(.object(members))
  }

  func closed(_ outcome: CloseOutcome) {
    if isJSON { return Output.json(CloseReport.json(outcome)) }
    if !isSilent || outcome.error != nil { Output.note("mpp: \(CloseReport.text(outcome))") }
  }

  func note(_ text: String) {
    if !isSilent, !isJSON { Output.note("mpp: \(PlainText.text(text))") }
  }

  private func head(_ response: PaidResponse) -> [UInt8] {
    var text = "HTTP/1.1 \(HTTPStatusLine.text(response.status))\n"
    for field in response.headers { text += "\(field.name.rawName): \(field.value)\n" }
    return Array((text + "\n").utf8)
  }

  private func event(_ index: Int, _ response: PaidResponse, _ body: [UInt8]) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init(key: "event", value: "response"), .init(key: "index", value: .integer(Int64(index))),
      .init(key: "status", value: .integer(Int64(response.status.code))),
      .init(key: "payment", value: response.payment.map { payment($0) } ?? .null),
    ]
    if includesHead {
      members.append(
        .init(
          key: "headers",
          value: .array(response.headers.map { .array([.string($0.name.rawName), .string($0.value)]) })))
    }
    if let text = String(validating: body, as: UTF8.self) {
      members.append(.init(key: "body", value: .string(text)))
    } else {
      members.append(.init(key: "bodyBase64", value: .string(Base64.encode(body))))
    }
    return .object(members)
  }

  private func payment(_ payment: PaymentSummary) -> JSONValue {
    [
      "amount": payment.amount.json, "token": .string(payment.token), "method": .string(payment.method),
      "intent": .string(payment.intent), "channel": payment.channel.map { .string($0) } ?? .null,
      "authorized": payment.authorized.json, "actions": .array(payment.actions.map { .string($0) }),
      "receipt": payment.receipt.map { receipt in
        [
          "reference": .string(receipt.reference), "accepted": receipt.accepted?.json ?? .null,
          "spent": receipt.spent?.json ?? .null,
          "units": receipt.units.map { .integer(Int64(clamping: $0)) } ?? .null,
          "transaction": receipt.transaction.map { .string($0) } ?? .null,
        ]
      } ?? .null,
    ]
  }
}
