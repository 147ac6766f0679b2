import MPPCore

/// One offer at one price, ready to be issued and to be compared with: the prepared request, the fields a
/// credential must repeat, and the serialised challenge of which only id and `expires` are missing.
final class OfferTemplate: Sendable {
  let prepared: PreparedOffer
  /// Everything the MAC covers, without `expires` and `digest`.
  let parameters: ChallengeParameters
  let pinned: [PinnedField]
  let challenge: ChallengeTemplate

  /// Throws when a field cannot be in a challenge; that is a mistake of the configuration.
  init(
    prepared: PreparedOffer, parameters: ChallengeParameters, mac: ChallengeMAC
  ) throws(ConfigurationError) {
    self.prepared = prepared
    self.parameters = parameters
    pinned = RouteBinding.pinnedFields(of: prepared.request)
    do throws(ChallengeError) {
      challenge = try ChallengeTemplate(mac: mac, parameters: parameters)
    } catch {
      throw ConfigurationError(.offer, "the challenge cannot be written: \(error)")
    }
  }
}

/// A challenge ready to be sent.
struct IssuedChallenge: Sendable {
  let id: String
  let headerValue: String
}
