enum Scenarios {
  /// In the order in which they run.
  static let all: [any Scenario] = [
    ChallengeScenario(), CredentialScenario(), VoucherScenario(), PaidScenario(), ConcurrentScenario(),
    ChallengeHTTPScenario(), PaidHTTPScenario(), GroupCommitScenario(), DevnetScenario(),
  ]
}
