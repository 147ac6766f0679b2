import HTTPTypes
import MPPClient
import MPPCore
import MPPTempo

/// What a 402 that was not paid asks for, in words. Everything in it is the server's claim.
enum OfferedPayment {
  static func failure(_ response: PaidResponse, canPay: Bool) -> CommandFailure {
    let challenges: [Challenge]
    do {
      challenges = try ChallengeList(fields: response.headers).challenges
    } catch {
      return CommandFailure(.httpError, "the server answered 402 with an unreadable challenge: \(error)")
    }
    let methods = challenges.map { "\(clean($0.method))/\(clean($0.intent))" }
    guard !methods.isEmpty else {
      return CommandFailure(.httpError, "the server answered 402 without a challenge that can be read")
    }
    guard !canPay else {
      return CommandFailure(
        .paymentFailed,
        "nothing was paid: the server takes \(methods.joined(separator: ", ")) in a form this client does not pay"
      )
    }
    let asked = challenges.compactMap(demand)
    guard let first = asked.first else {
      return CommandFailure(
        .paymentFailed,
        "the server takes \(methods.joined(separator: ", ")); this client pays tempo/charge and tempo/session: "
          + "nothing was paid")
    }
    let price = first.price == .zero ? DemonstrationAPI.price : Money.text(first.price)
    return CommandFailure(
      .refusedByPolicy,
      "the server asks \(asked.map(\.text).joined(separator: ", or ")), and no limit was given: nothing was paid",
      hint:
        "to \(first.price == .zero ? "sign" : "pay"): --max-price \(price) (and --key, --rpc; see `mpp request --help`)"
    )
  }

  private static func demand(_ challenge: Challenge) -> (price: Amount, text: String)? {
    guard challenge.method.equalsBytes(of: "tempo") else { return nil }
    if challenge.intent.equalsBytes(of: "session") {
      guard let request = try? SessionRequest(parsing: challenge.request.value()) else { return nil }
      return (request.amount, "\(Money.text(request.amount)) per \(clean(request.unitType))")
    }
    guard challenge.intent.equalsBytes(of: "charge"),
      let request = try? ChargeRequest(parsing: challenge.request.value())
    else { return nil }
    guard request.amount > .zero else { return (.zero, "who you are (a signature; it costs nothing)") }
    return (request.amount, "\(Money.text(request.amount)) for this request")
  }

  /// Text of a server, fit for a terminal.
  private static func clean(_ text: String) -> String {
    String(
      text.prefix(40).filter {
        $0.isASCII && !$0.isNewline && ($0.isLetter || $0.isNumber || " -_/.".contains($0))
      })
  }
}
