public import EVM

/// An event of the channel reserve (`02` §11.3).
public struct ChannelReserveEvent: Sendable, Hashable {
  /// The channel the event is about.
  public let channelID: Hash32
  /// Funds the channel and gets refunds.
  public let payer: Address
  /// Receives settlements.
  public let payee: Address
  /// What happened, with its amounts.
  public let kind: Kind

  /// All amounts are base units.
  public enum Kind: Sendable, Hashable {
    /// The deposit is in the reserve.
    case opened(Opened)
    /// `newDeposit` is the sum paid in so far.
    case topUp(additionalDeposit: UInt128, newDeposit: UInt128)
    /// `deltaPaid` is what this settlement moved, `newSettled` what all of them did.
    case settled(cumulativeAmount: UInt128, deltaPaid: UInt128, newSettled: UInt128)
    /// `settledToPayee` is the total captured over the channel's life, not what the close paid.
    case closed(settledToPayee: UInt128, refundedToPayer: UInt128)
    /// Seconds from which the payer may withdraw.
    case closeRequested(closeGraceEnd: UInt256)
    /// A top-up has stopped the grace period.
    case closeRequestCancelled
  }

  /// What an opening says beside the parties.
  public struct Opened: Sendable, Hashable {
    /// May settle and close beside the payee; zero means nobody.
    public let `operator`: Address
    /// The TIP-20 token of the deposit.
    public let token: Address
    /// Signs vouchers; zero means the payer does.
    public let authorizedSigner: Address
    /// As chosen by the payer.
    public let salt: Hash32
    /// Of the transaction that opened the channel.
    public let expiringNonceHash: Hash32
    /// Base units.
    public let deposit: UInt128

    /// - Parameter deposit: base units, at most 2^96 − 1.
    public init(
      operator: Address, token: Address, authorizedSigner: Address, salt: Hash32,
      expiringNonceHash: Hash32, deposit: UInt128
    ) {
      self.operator = `operator`
      self.token = token
      self.authorizedSigner = authorizedSigner
      self.salt = salt
      self.expiringNonceHash = expiringNonceHash
      self.deposit = deposit
    }
  }

  /// An event to write as a log; see ``log(escrow:)``.
  public init(channelID: Hash32, payer: Address, payee: Address, kind: Kind) {
    self.channelID = channelID
    self.payer = payer
    self.payee = payee
    self.kind = kind
  }

  /// The descriptor of the channel, when this is its opening.
  public var openedDescriptor: ChannelDescriptor? {
    guard case .opened(let opened) = kind else { return nil }
    return ChannelDescriptor(
      payer: payer, payee: payee, operator: opened.operator, token: opened.token, salt: opened.salt,
      authorizedSigner: opened.authorizedSigner, expiringNonceHash: opened.expiringNonceHash)
  }

  /// `nil` for a log of another contract or of another event; throws when a known event is malformed.
  public init?(log: Log, escrow: Address = TempoAddress.channelReserve) throws(TempoError) {
    guard log.address == escrow, let topic = log.topics.first,
      let event = ChannelReserveABI.events.first(where: { $0.topic == topic })
    else { return nil }
    var values = try ABIReader.decode(event, log)
    channelID = try values.hash()
    payer = try values.address()
    payee = try values.address()
    switch event {
    case ChannelReserveABI.channelOpened:
      kind = .opened(
        Opened(
          operator: try values.address(), token: try values.address(),
          authorizedSigner: try values.address(), salt: try values.hash(),
          expiringNonceHash: try values.hash(), deposit: try values.uint128()))
    case ChannelReserveABI.topUpEvent:
      kind = .topUp(additionalDeposit: try values.uint128(), newDeposit: try values.uint128())
    case ChannelReserveABI.settled:
      kind = .settled(
        cumulativeAmount: try values.uint128(), deltaPaid: try values.uint128(),
        newSettled: try values.uint128())
    case ChannelReserveABI.channelClosed:
      kind = .closed(settledToPayee: try values.uint128(), refundedToPayer: try values.uint128())
    case ChannelReserveABI.closeRequested:
      kind = .closeRequested(closeGraceEnd: try values.uint256())
    default:
      kind = .closeRequestCancelled
    }
  }

  /// The log the reserve at `escrow` writes.
  public func log(escrow: Address = TempoAddress.channelReserve) throws(TempoError) -> Log {
    let parties: [ABIValue] = [.bytes32(channelID), .address(payer), .address(payee)]
    let event: ABIEvent
    let rest: [ABIValue]
    switch kind {
    case .opened(let opened):
      event = ChannelReserveABI.channelOpened
      rest = [
        .address(opened.operator), .address(opened.token), .address(opened.authorizedSigner),
        .bytes32(opened.salt), .bytes32(opened.expiringNonceHash), .uint(opened.deposit),
      ]
    case .topUp(let additionalDeposit, let newDeposit):
      (event, rest) = (ChannelReserveABI.topUpEvent, [.uint(additionalDeposit), .uint(newDeposit)])
    case .settled(let cumulativeAmount, let deltaPaid, let newSettled):
      event = ChannelReserveABI.settled
      rest = [.uint(cumulativeAmount), .uint(deltaPaid), .uint(newSettled)]
    case .closed(let settledToPayee, let refundedToPayer):
      (event, rest) = (ChannelReserveABI.channelClosed, [.uint(settledToPayee), .uint(refundedToPayer)])
    case .closeRequested(let closeGraceEnd):
      (event, rest) = (ChannelReserveABI.closeRequested, [.uint(closeGraceEnd)])
    case .closeRequestCancelled:
      (event, rest) = (ChannelReserveABI.closeRequestCancelled, [])
    }
    return try ABIReader.log(event, address: escrow, parties + rest)
  }
}
