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
    for challenge in challenges where challenge.method == "tempo" && challenge.intent == "session" {
      guard let request = try? SessionRequest(parsing: challenge.request.value()) else { continue }
      let price = Money.text(request.amount)
      return CommandFailure(
        .refusedByPolicy,
        "the server asks \(price) per \(clean(request.unitType)), and no limit was given: nothing was paid",
        hint: "to pay: --max-price \(price) (and --key, --rpc; see `mpp request --help`)")
    }
    return CommandFailure(
      .paymentFailed,
      "the server takes \(methods.joined(separator: ", ")); this client pays tempo/session: nothing was paid")
  }

  /// Text of a server, fit for a terminal.
  private static func clean(_ text: String) -> String {
    String(
      text.prefix(40).filter {
        $0.isASCII && !$0.isNewline && ($0.isLetter || $0.isNumber || " -_/.".contains($0))
      })
  }
}
