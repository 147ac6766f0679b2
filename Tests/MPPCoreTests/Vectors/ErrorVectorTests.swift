import MPPCore
import TestSupport
import Testing

@Test func errorVectors() throws {
  var tally = try Tally(.errors)
  for vector in try tally.file.group("cases") {
    tally.run(vector) {
      try vector.expectMembers(["name", "options", "problem", "status"])
      var problem = try problem(vector.name, try vector.require("options"))
      problem.challengeID = try vector.require("problem")["challengeId"]?.stringValue
      try Tally.expect(problem.body().serialized(), try vector.require("problem").serialized(), "problem")
      try Tally.expect(Int64(problem.status), try vector.integer("status"), "status")
      let read = PaymentProblem(document: problem.body())
      try Tally.expect(read?.body().serialized(), problem.body().serialized(), "read again")
    }
  }
  try tally.finish()
}

private func problem(_ name: String, _ options: JSONValue) throws -> PaymentProblem {
  let known = ["reason", "id", "details", "expires", "method", "description"]
  for member in options.objectValue ?? [] where !known.contains(member.key) {
    throw VectorError("unknown option \(member.key)")
  }
  let reason = options["reason"]?.stringValue
  switch name {
  case "PaymentRequiredError": return .paymentRequired(description: options["description"]?.stringValue)
  case "MalformedCredentialError": return .malformedCredential(reason: reason)
  case "InvalidChallengeError": return .invalidChallenge(id: options["id"]?.stringValue, reason: reason)
  case "VerificationFailedError":
    return .verificationFailed(reason: reason, details: options["details"]?.objectValue ?? [])
  case "PaymentActionRequiredError": return .paymentActionRequired(reason: reason)
  case "PaymentExpiredError": return .paymentExpired(expires: options["expires"]?.stringValue)
  case "InvalidPayloadError": return .invalidPayload(reason: reason)
  case "PaymentInsufficientError": return .paymentInsufficient(reason: reason)
  case "BadRequestError": return .badRequest(reason: reason)
  case "PaymentMethodUnsupportedError": return .methodUnsupported(method: options["method"]?.stringValue)
  case "InsufficientBalanceError": return .insufficientBalance(reason: reason)
  case "InvalidSignatureError": return .invalidSignature(reason: reason)
  case "SignerMismatchError": return .signerMismatch(reason: reason)
  case "AmountExceedsDepositError": return .amountExceedsDeposit(reason: reason)
  case "DeltaTooSmallError": return .deltaTooSmall(reason: reason)
  case "ChannelNotFoundError": return .channelNotFound(reason: reason)
  case "ChannelClosedError": return .channelClosed(reason: reason)
  default: throw VectorError("unknown error class \(name)")
  }
}
