public import MPPCore

/// Everything that can happen to a ``ChannelRecord``. Apply with ``ChannelRecord/applying(_:)``; nothing else changes a record.
public enum ChannelTransition: Sendable, Equatable {
  /// The chain confirmed an open (`04` §18.1, B7). Creates the record, or merges into an existing one: spent, units and creation
  /// time stay, a lower voucher is ignored, an equal one is stored again.
  case open(ChannelOpening)
  /// Raises the authorization (`04` §18.3). A repeated voucher, or one that lost a race, changes nothing and succeeds.
  case acceptVoucher(VoucherAcceptance)
  /// Accepts and sets a price aside in one step, or does neither. See ``ChannelRecord/deciding(_:hold:)`` for the form that keeps the
  /// voucher when the headroom is short.
  case acceptAndHold(VoucherAcceptance, HoldRequest)
  /// Sets a price aside from the headroom there is.
  case hold(HoldRequest)
  /// The content was handed over: the held price is spent, one unit delivered. Allowed in every phase but the last.
  case commit(HoldID)
  /// The content was not delivered. An unknown hold is no error: it was released before.
  case release(HoldID)
  /// Releases holds whose lease has ended, except those of one epoch: a process knows which of its own are alive.
  case releaseExpired(now: Timestamp, keeping: UInt64? = nil)
  /// Gives holds whose content is still under way a later end of their lease. Unknown ones are no error; an end never moves back.
  case renew(Set<HoldID>, until: Timestamp)
  /// Releases the holds of all processes but this one; for the start of the only process that uses the ledger.
  case releaseAll(exceptEpoch: UInt64)
  /// Takes over what the chain said (`04` §24.2, W31, W53): older blocks are ignored, deposit and settled only rise while the channel
  /// exists, a newer block decides whether the payer wants to close, a zero deposit ends the channel with its loss.
  case mergeChainState(ChannelObservation)
  /// A settlement is in a block. `total` is what the chain has paid out of the channel since it was opened; `mark` is what had been
  /// delivered when it was sent.
  case settled(total: Amount, mark: SettlementMark, block: UInt64)
  /// Takes the close lease (`04` §22, broadcast 1). Open holds may still be committed or released; what to capture is known when
  /// none is left (``ChannelRecord/captureAmount``).
  case beginClose(CloseAttempt)
  /// The close is known not to happen.
  case abortClose(owner: UInt64)
  /// The chain confirmed a close that paid the payee `captured` in total, whoever sent it. Also corrects the loss of a channel that was
  /// found gone before its close was seen.
  case closed(captured: Amount, voucher: SignedVoucher?, block: UInt64)
  /// The payer has withdrawn: the channel is gone, and with it what was delivered and not settled.
  case withdrawn(block: UInt64)
}
