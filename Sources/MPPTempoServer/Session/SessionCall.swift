import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import Tempo

/// What an action needs to know of the request that brought it.
struct SessionCall: Sendable {
  let challengeID: String
  /// When the challenge expires.
  let expires: Timestamp
  let terms: SessionTerms
  let purpose: RequestPurpose
  let source: UnverifiedSource?
  let now: Timestamp
  let logger: Logger

  /// A session receipt of the committed record. What is held counts as spent: it was set aside in the same
  /// step that the receipt speaks of.
  func receipt(
    _ stored: StoredRecord<ChannelRecord>, accepted: Amount? = nil, transactionHash: Hash32? = nil
  ) -> String {
    let (sum, overflow) = stored.record.units.addingReportingOverflow(UInt64(stored.record.holds.count))
    let units = overflow ? .max : Int64(clamping: sum)
    let accepted = accepted ?? stored.record.accepted
    guard let transactionHash else {
      return SessionReceipt.headerValue(
        timestamp: now, challengeID: challengeID, of: stored.record, accepted: accepted, units: units)
    }
    return SessionReceipt(
      timestamp: now, challengeID: challengeID, channelID: stored.record.channelID,
      acceptedCumulative: accepted, spent: stored.record.used, units: units, transactionHash: transactionHash
    ).headerValue()
  }

  func management(
    _ record: ChannelRecord, source: VerifiedSource?, accepted: Amount? = nil, transactionHash: Hash32? = nil
  ) -> Verification {
    .management(
      ManagementResult(
        receipt: receipt(StoredRecord(record), accepted: accepted, transactionHash: transactionHash),
        source: source,
        reference: record.channelID.hex))
  }
}

extension ChannelRecord {
  /// The payer as a verified identity: a signature of the channel's signer was checked.
  var payerSource: VerifiedSource {
    VerifiedSource("did:pkh:eip155:\(chainID):\(descriptor.payer.checksummed)")
  }
}
