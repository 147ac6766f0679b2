import EVM
import MPPCore
import Tempo
import TempoRPC

/// The half of sponsoring that moves nothing: the policy, and a dry run of the calls (`06` §1.11). Before both, no sponsor is asked
/// for a signature.
struct SponsorCheck: Sendable {
  let policy: SponsorPolicy
  let dryRuns: ChainReader

  /// - Returns: the transaction, ready for ``FeePayer/send(_:through:probe:prepare:)``.
  func check(
    _ signed: SignedTempoTransaction, now: Timestamp, challengeExpires: Timestamp
  ) async throws(SponsorError) -> SponsorableTransaction {
    let sponsorable: SponsorableTransaction
    do {
      sponsorable = try policy.check(signed, now: now, challengeExpires: challengeExpires)
    } catch {
      throw .refused(error)
    }
    do {
      try await dryRuns.simulate(sponsorable.withoutFee, from: sponsorable.signer)
    } catch {
      throw .chain(error)
    }
    return sponsorable
  }
}
