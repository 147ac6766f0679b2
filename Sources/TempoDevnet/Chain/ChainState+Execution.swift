import EVM
import Tempo

/// How an admitted transaction changes the state (`03` §7.1).
extension ChainState {
  /// Takes the nonce and the fee, runs the calls, returns what is left of the fee. Never fails: a call that
  /// reverts gives an outcome with status 0.
  mutating func execute(_ pending: PendingTransaction, timestamp: UInt64) -> ExecutionOutcome {
    let transaction = pending.transaction
    let content = transaction.content
    var context = context(timestamp: timestamp, hash: transaction.contextHash)
    context.origin = transaction.sender
    world.begin(context)
    let start = world.storage.checkpoint
    takeNonce(of: transaction)
    if let key = transaction.accessKey, key.id != content.keyGrant?.terms.keyID {
      world.context.transactionKey = key.id
    }
    let price = transaction.price(baseFee: parameters.baseFee)
    let intrinsic = GasSchedule.intrinsic(content, model: parameters.gasModel)
    // Admission has checked token and balance against this very state.
    let token = price == 0 ? nil : feeTokenChecked(of: transaction)
    let prepaid = Fee.units(gas: content.gasLimit, price: price) ?? 0
    if let token { takeFee(prepaid, token, of: transaction) }
    if let grant = content.keyGrant { accept(grant, transaction, fee: token.map { (prepaid, $0) }) }

    let result = runCalls(pending, intrinsic: intrinsic)

    let fee = min(Fee.units(gas: result.gasUsed, price: price) ?? prepaid, prepaid)
    if let token {
      returnFee(prepaid - fee, token, of: transaction)
      world.emit(
        token, [Topic.transfer, transaction.feePayer.word, Addresses.feeManager.word],
        Words.encode(UInt256(fee)))
    }
    assert(world.violations(since: start).isEmpty, world.violations(since: start).joined(separator: "; "))
    return ExecutionOutcome(
      succeeded: result.revert == nil, gasUsed: result.gasUsed, price: price, fee: token == nil ? 0 : fee,
      feeToken: token, logs: world.logs, revert: result.revert, failedCall: result.failedCall,
      contractAddress: result.revert == nil ? result.created : nil)
  }

  private func feeTokenChecked(of transaction: ChainTransaction) -> Address? {
    do { return try feeToken(of: transaction) } catch { return nil }
  }

  private mutating func takeNonce(of transaction: ChainTransaction) {
    let key = transaction.content.nonceKey
    if transaction.usesExpiringNonce {
      let before = transaction.content.validBefore ?? 0
      world.storage[.expiring(transaction.contextHash)] = UInt256(before)
      expiring.append(transaction.contextHash, validBefore: before)
      return
    }
    let next = nonce(of: transaction.sender, key: key) &+ 1
    guard !key.isZero else {
      world.storage[.nonce(transaction.sender)] = UInt256(next)
      return
    }
    world.storage[.keyedNonce(transaction.sender, key: key)] = UInt256(next)
    world.emit(
      Addresses.nonceManager, [Topic.nonceIncremented, transaction.sender.word, key.word],
      Words.encode(UInt256(next)))
  }

  private mutating func takeFee(_ units: UInt128, _ token: Address, of transaction: ChainTransaction) {
    shift(units, token, from: transaction.feePayer, to: Addresses.feeManager)
    debitFee(units, token, of: transaction)
  }

  private mutating func returnFee(_ units: UInt128, _ token: Address, of transaction: ChainTransaction) {
    shift(units, token, from: Addresses.feeManager, to: transaction.feePayer)
    world.unspend(token, of: transaction.feePayer, units)
  }

  /// An access key pays the fee of its account from its limit; admission has checked that it can.
  private mutating func debitFee(_ units: UInt128, _ token: Address, of transaction: ChainTransaction) {
    do { try world.spend(token, of: transaction.feePayer, UInt256(units)) } catch {}
  }

  /// Adds the key that the transaction brings along; it stays even when the calls revert. A key that is used
  /// at once pays the fee that was already taken.
  private mutating func accept(
    _ grant: KeyGrant, _ transaction: ChainTransaction, fee: (units: UInt128, token: Address)?
  ) {
    // Admission has checked the terms against this very state.
    do { try world.addKey(grant.terms, to: transaction.sender) } catch { return }
    guard transaction.accessKey?.id == grant.terms.keyID else { return }
    world.context.transactionKey = grant.terms.keyID
    if let fee { debitFee(fee.units, fee.token, of: transaction) }
  }

  /// Both balances were checked at admission, so a shortfall cannot come up; it would move nothing.
  private mutating func shift(_ units: UInt128, _ token: Address, from: Address, to: Address) {
    let mark = world.mark
    do { try world.move(token, from: from, to: to, amount: UInt256(units)) } catch {
      world.rollBack(to: mark)
    }
  }

  struct CallResult {
    var gasUsed: UInt64
    var returnData: [UInt8] = []
    var revert: Revert?
    var failedCall: Int?
    var created: Address?
  }

  private mutating func runCalls(_ pending: PendingTransaction, intrinsic: GasSchedule.Intrinsic)
    -> CallResult
  {
    let transaction = pending.transaction
    let creationNonce = takeCreationNonce(of: transaction)
    let mark = world.mark
    var result = run(
      transaction.calls, from: transaction.sender, intrinsic: intrinsic,
      gasLimit: transaction.content.gasLimit, creationNonce: creationNonce)
    if let forcedRevert = pending.forcedRevert, result.revert == nil {
      world.rollBack(to: mark)
      result.revert = Revert(injected: forcedRevert)
    }
    if pending.runsOutOfGas {
      world.rollBack(to: mark)
      result.revert = .outOfGas
      result.gasUsed = transaction.content.gasLimit
    }
    return result
  }

  /// Runs calls in order; the first revert undoes all of them.
  mutating func run(
    _ calls: [ChainTransaction.Call], from sender: Address, intrinsic: GasSchedule.Intrinsic,
    gasLimit: UInt64, creationNonce: UInt64
  ) -> CallResult {
    let mark = world.mark
    var result = CallResult(gasUsed: intrinsic.required)
    if let index = world.firstForbiddenCall(calls) {
      result.revert = .callNotAllowed
      result.failedCall = index
      result.returnData = Revert.callNotAllowed.data
      return result
    }
    for (index, call) in calls.enumerated() {
      let cells = world.storage.newCells
      do throws(Revert) {
        if let target = call.to {
          result.returnData = try world.call(target, call.data, from: sender)
        } else {
          result.created = try create(call.data, from: sender, nonce: creationNonce)
          result.returnData = []
        }
        result.gasUsed = gasUsed(intrinsic: intrinsic)
        guard result.gasUsed <= gasLimit else { throw Revert.outOfGas }
      } catch {
        // What a call that reverts has stored costs nothing; what it has computed does.
        if error != .outOfGas { world.storage.forgetNewCells(beyond: cells) }
        result.gasUsed = min(gasUsed(intrinsic: intrinsic), gasLimit)
        result.revert = error
        result.failedCall = index
        result.returnData = error.data
        world.rollBack(to: mark)
        return result
      }
    }
    return result
  }

  private func gasUsed(intrinsic: GasSchedule.Intrinsic) -> UInt64 {
    guard parameters.gasModel == .schedule else { return GasSchedule.flat }
    return max(
      intrinsic.gas + world.operationGas + GasSchedule.newCell * world.storage.newCells, intrinsic.floor)
  }

  /// The protocol nonce that names what the transaction creates. A transaction with another nonce uses one up
  /// for it.
  private mutating func takeCreationNonce(of transaction: ChainTransaction) -> UInt64 {
    let next = nonce(of: transaction.sender, key: .zero)
    guard transaction.calls.first?.to == nil else { return next }
    guard !transaction.content.nonceKey.isZero else { return transaction.content.nonce }
    world.storage[.nonce(transaction.sender)] = UInt256(next &+ 1)
    return next
  }

  /// There is no bytecode machine here: only accounts without code, and contracts that are known by their
  /// creation code, can be made (`03` §7.5).
  private mutating func create(
    _ code: [UInt8], from sender: Address, nonce: UInt64
  ) throws(Revert) -> Address {
    let kind: CodeKind
    if code.isEmpty {
      kind = .empty
    } else if parameters.legacyEscrowInitCodes.contains(Keccak256.hash(code)) {
      kind = .legacyEscrow
    } else {
      throw Revert.bytecode
    }
    let hash = Keccak256.hash(RLP.encode(.list([.address(sender), RLP.uint(nonce)])))
    let address = Address(truncating: hash)
    world.storage[.created(address)] = UInt256(kind.rawValue)
    return address
  }
}
