/// Where ours answers otherwise than the reference, on purpose: the one list. `docs/compatibility.md` shows it, and
/// a vector test that takes another branch than its vector names the entry with `VectorCase.differs(_:)`.
public enum DeliberateDifference: String, CaseIterable, Sendable {
  case jsonDuplicateKeys
  case jsonLoneSurrogates
  case challengeNotIssuable
  case headerNotIssuable
  case latin1Escaped
  case brokenChallengeSkipped
  case brokenPreferenceSkipped
  case sourceNotText
  case upperCaseMethod
  case twoCredentials
  case excessDigits
  case escrowNotAnAddress
  case subscriptionSpelling
  case eventLineEndsSplit
  case eventFieldsWithoutSpace
  case eventLineEndsRead
  case brokenFrame
  case voucherAmountNotDecimal
  case voucherHighS
  case voucherForeignReserve
  case periodBeyondDouble
  case impossibleDate
  case transactionNotCanonical
  case transactionZeroValidity
  case envelopeRefusedByNode
  case authorizationNotSigned
  case authorizationEmptyLimits
  case authorizationSkippedLimits
  case rlpNotCanonical
  case base64NotStrict
  case exchangeProofReplay
  case exchangeTwoCredentials
  case exchangeOnePeriod
  case exchangeReasonAdded
  case exchangeOpenReplayed
  case exchangeVoucherDelta
  case exchangeNoSnapshotForBearers

  public struct Row: Sendable {
    public let file: String
    public let groups: [String]
    /// Which cases.
    public let cases: String
    public let ours: String
    public let section: String
    /// The groups whose public cases show it.
    public let publicGroups: [String]

    init(
      _ file: String, _ groups: [String], _ cases: String, _ ours: String, _ section: String,
      publicGroups: [String]? = nil
    ) {
      self.file = file
      self.groups = groups
      self.cases = cases
      self.ours = ours
      self.section = section
      self.publicGroups = publicGroups ?? groups
    }
  }
}
