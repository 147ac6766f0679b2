import EVM
import Tempo

/// How an admitted transaction changes the state (`03` §7.1).
extension ChainState {
  /// Takes the nonce and the fee, runs the calls, returns what is left of the fee. Never fails: a call that
  /// reverts gives an outcome with status 0.
  mutating func execute(_ pending: PendingTransaction, timestamp: UInt64) -> ExecutionOutcome {
    let transaction = pending.transaction
    let content = transaction.content
    world.begin(context(timestamp: timestamp, hash: transaction.contextHash))
    takeNonce(of: transaction)
    let price = transaction.price(baseFee: parameters.baseFee)
    let intrinsic = GasSchedule.intrinsic(content, model: parameters.gasModel)
    // Admission has checked token and balance against this very state.
    let token = price == 0 ? nil : feeTokenChecked(of: transaction)
    let prepaid = Fee.units(gas: content.gasLimit, price: price) ?? 0
    if let token { takeFee(prepaid, token, from: transaction.feePayer) }

    let result = runCalls(transaction, intrinsic: intrinsic, forcedRevert: pending.forcedRevert)

    let fee = min(Fee.units(gas: result.gasUsed, price: price) ?? prepaid, prepaid)
    if let token {
      returnFee(prepaid - fee, token, to: transaction.feePayer)
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

  private mutating func takeFee(_ units: UInt128, _ token: Address, from payer: Address) {
    shift(units, token, from: payer, to: Addresses.feeManager)
  }

  private mutating func returnFee(_ units: UInt128, _ token: Address, to payer: Address) {
    shift(units, token, from: Addresses.feeManager, to: payer)
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
