enum Scenarios {
  /// In the order in which they run.
  static let all: [any Scenario] = [
    WorkloadScenario("header-parse", "a WWW-Authenticate value to its challenge"),
    WorkloadScenario("credential-parse", "an Authorization value to its credential"),
    WorkloadScenario("jcs", "a session request to its canonical JSON"),
    WorkloadScenario("base64url", "a credential's bytes to base64url and back"),
    WorkloadScenario("rlp", "a signed transaction to its bytes and their hash"),
    ChallengeScenario(), CredentialScenario(), VoucherScenario(), PaidScenario(), ConcurrentScenario(),
    ChallengeHTTPScenario(), PaidHTTPScenario(), GroupCommitScenario(), ClaimScenario(),
    ChargeScenario(), DevnetScenario(),
  ]
}
