import EVM
import MPPCore
import MPPTempo
import Tempo

/// A channel that a server remembers and this client does not, checked against everything but the journal (`05` §7.2). Pure.
///
/// What was authorised on it is what the voucher in the claim says, and that voucher must be this client's own (T6). Of the server's
/// other numbers one is used, `spent`: it can only make this client take less of its own authorisation for unused.
struct ChannelClaim: Sendable {
  /// Why a claimed channel is not used.
  enum Refusal: String, Error {
    case noVoucher = "no voucher comes with it"
    case otherVoucher = "the voucher is for another channel or another amount"
    case contradictory = "its numbers contradict each other"
    case closing = "its close was requested"
    case otherTerms = "it is not a channel of this account for this payee, token, operator, escrow and chain"
    case forged = "the voucher is not this client's"
    case known = "the journal knows it"
    case empty = "the chain shows no deposit"
    case captured = "the chain shows more captured than the voucher allows"
    case uncovered = "the deposit does not cover the voucher"
    case aboveLimits = "the limits leave no room for another payment on it"

    /// Whether the same claim may be used for other requests all the same.
    var isOfTheRequest: Bool { self == .otherTerms || self == .aboveLimits }
  }

  /// How it would go into the journal; its deposit is not known yet.
  private(set) var channel: ClientChannel
  let accepted: Amount
  private let spent: Amount

  /// - Parameters:
  ///   - signer: of this client's vouchers.
  ///   - limit: the most that may be authorised on one channel now.
  init(
    _ snapshot: SessionSnapshot, for key: LaneKey, signer: Address, resource: String, limit: Amount,
    now: Timestamp
  ) throws {
    guard let voucher = snapshot.highestVoucher else { throw Refusal.noVoucher }
    let accepted = snapshot.acceptedCumulative
    guard voucher.channelID == snapshot.channelID, voucher.cumulativeAmount == accepted else {
      throw Refusal.otherVoucher
    }
    guard snapshot.spent <= accepted, snapshot.settled <= snapshot.deposit else {
      throw Refusal.contradictory
    }
    guard (snapshot.closeRequestedAt ?? "0").utf8.allSatisfy({ $0 == UInt8(ascii: "0") }) else {
      throw Refusal.closing
    }
    let channel = ClientChannel(
      channelID: snapshot.channelID, chainID: snapshot.chainID, escrow: snapshot.escrow,
      descriptor: snapshot.descriptor, origin: key.origin, resource: resource, opening: nil,
      account: try VoucherAccount(
        authorized: accepted, writtenOff: snapshot.spent, deposit: .zero, cap: limit),
      phase: .open, createdAt: now)
    guard LaneKey(channel) == key, channel.descriptor.effectiveSigner == signer,
      channel.descriptor.channelID(escrow: key.escrow, chainID: key.chainID) == channel.channelID
    else { throw Refusal.otherTerms }
    guard OwnVoucher.verify(voucher.signature, amount: accepted, channel: channel) else {
      throw Refusal.forged
    }
    self.channel = channel
    self.accepted = accepted
    spent = snapshot.spent
  }

  /// The channel as the chain shows it now. Nothing of it counts as delivered here: what is not spent as far as anybody says is tried
  /// first, as after a restart.
  /// - Parameter step: what the next request may add to the authorised amount.
  func confirmed(by observed: ObservedChannel, step: Amount, limit: Amount) throws -> ClientChannel {
    guard observed.deposit > .zero else { throw Refusal.empty }
    guard observed.closeRequestedAt == nil else { throw Refusal.closing }
    guard observed.settled <= accepted else { throw Refusal.captured }
    guard accepted <= observed.deposit else { throw Refusal.uncovered }
    guard let target = try? accepted.adding(step), target <= min(limit, .maxUInt96) else {
      throw Refusal.aboveLimits
    }
    var channel = channel
    channel.account = try VoucherAccount(
      authorized: accepted, writtenOff: max(spent, observed.settled), deposit: observed.deposit, cap: limit)
    return try channel.applying(.observed(observed))
  }
}
