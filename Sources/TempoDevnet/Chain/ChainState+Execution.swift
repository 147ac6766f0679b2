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

    let result = runCalls(transaction, intrinsic: intrinsic, forcedRevert: pending.forcedRevert)

    let fee = min(Fee.units(gas: result.gasUsed, price: price) ?? prepaid, prepaid)
    if let token {
      returnFee(prepaid - fee, token, of: transaction)
      world.emit(
        token, [Topic.transfer, transaction.feePayer.word, Addresses.feeManager.word],
        Words.encode(UInt256(fee)))
    }
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

  private mutating func runCalls(
    _ transaction: ChainTransaction, intrinsic: UInt64, forcedRevert: [UInt8]?
  ) -> CallResult {
    let mark = world.mark
    var result = run(
      transaction.calls, from: transaction.sender, intrinsic: intrinsic,
      gasLimit: transaction.content.gasLimit)
    if let forcedRevert, result.revert == nil {
      world.rollBack(to: mark)
      result.revert = Revert(injected: forcedRevert)
    }
    return result
  }

  /// Runs calls in order; the first revert undoes all of them.
  mutating func run(
    _ calls: [ChainTransaction.Call], from sender: Address, intrinsic: UInt64, gasLimit: UInt64
  ) -> CallResult {
    let mark = world.mark
    var result = CallResult(gasUsed: intrinsic)
    if let index = world.firstForbiddenCall(calls) {
      result.revert = .callNotAllowed
      result.failedCall = index
      result.returnData = Revert.callNotAllowed.data
      return result
    }
    for (index, call) in calls.enumerated() {
      do throws(Revert) {
        if let target = call.to {
          result.returnData = try world.call(target, call.data, from: sender)
        } else {
          result.created = try create(call.data, from: sender)
          result.returnData = []
        }
        result.gasUsed = gasUsed(intrinsic: intrinsic)
        guard result.gasUsed <= gasLimit else { throw Revert(reason: "out of gas") }
      } catch {
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

  private func gasUsed(intrinsic: UInt64) -> UInt64 {
    guard parameters.gasModel == .schedule else { return GasSchedule.flat }
    return intrinsic + world.operationGas + GasSchedule.newCell * world.storage.newCells
  }

  /// Only an account without code can be made: there is no bytecode machine here (`03` §7.5).
  private mutating func create(_ code: [UInt8], from sender: Address) throws(Revert) -> Address {
    guard code.isEmpty else { throw Revert.bytecode }
    let nonce = self.nonce(of: sender, key: .zero)
    let hash = Keccak256.hash(RLP.encode(.list([.address(sender), RLP.uint(nonce)])))
    let address = Address(truncating: hash)
    world.storage[.created(address)] = 1
    return address
  }
}
