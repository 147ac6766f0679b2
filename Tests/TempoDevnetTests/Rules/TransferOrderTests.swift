import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `02` §8.4: the checks of a transfer, each of which hides all that come after it.
@Suite struct TransferOrder {
  let h: Harness
  let w: AccessScene
  let path = TempoAddress.pathUSD

  init() throws {
    h = try Harness()
    w = try AccessScene(h)
  }

  private func policy(_ switches: JSONValue, of account: Address) async throws {
    try await h.rpc("devnet_setTokenPolicy", .string(path.hex), .string(account.hex), switches)
  }

  /// By the access key, paid by the sponsor in another token, so that pathUSD can be paused.
  private func attempt(_ amount: UInt128, to recipient: Address) async throws -> String? {
    let transaction = h.transaction([try h.transfer(amount, to: recipient)]) {
      $0.feePayer = .awaitingFeePayer
    }
    let signer = TempoSigner.secp256k1(w.key).asAccessKey(of: h.payer.address)
    let handOff = try await transaction.signed(by: signer).handOff(sender: h.payer.address)
    let digest = handOff.transaction.feePayerHash(
      sender: h.payer.address, feeToken: TempoAddress.alphaUSD)
    let final = try handOff.completed(
      feeToken: TempoAddress.alphaUSD, feePayerSignature: h.sponsor.privateKey.sign(digest))
    return try await h.send(final.serialized).revertName
  }

  @Test func pauseThenRecipientThenPolicyThenLimitThenBalance() async throws {
    try await h.send(
      w.sponsored([w.pay(0)], authorization: w.authorization { $0.limits = .list([]) }))
    h.devnet.setBalance(Amount(units: 5), of: h.payer.address)
    try await h.rpc("devnet_setPaused", .string(path.hex), true)
    try await policy(["blockSender": true], of: h.payer.address)
    #expect(try await attempt(6, to: TempoAddress.betaUSD) == "ContractPaused")
    try await h.rpc("devnet_setPaused", .string(path.hex), false)
    #expect(try await attempt(6, to: TempoAddress.betaUSD) == "InvalidRecipient")
    #expect(try await attempt(6, to: .zero) == "InvalidRecipient")
    #expect(try await attempt(6, to: h.payee.address) == "PolicyForbids")
    try await policy([:], of: h.payer.address)
    try await policy(["blockRecipient": true], of: h.payee.address)
    #expect(try await attempt(6, to: h.payee.address) == "PolicyForbids")
    try await policy([:], of: h.payee.address)
    #expect(try await attempt(6, to: h.payee.address) == "SpendingLimitExceeded")
    try await h.send(
      w.call(
        AccountKeychainABI.updateSpendingLimit,
        [.address(w.key.address), .address(path), .uint(100 as UInt64)]), from: h.payer
    ) { $0.feeToken = TempoAddress.alphaUSD }
    #expect(try await attempt(6, to: h.payee.address) == "InsufficientBalance")
    #expect(try await attempt(5, to: h.payee.address) == nil)
    // A transfer that failed has spent nothing of the limit.
    #expect(try await w.limit() == [95, 0])
  }

  @Test func theAllowanceComesBeforeTheBalance() async throws {
    func take(_ amount: UInt64) throws -> Call {
      Call(
        to: path,
        data: try TIP20ABI.transferFrom.encode([
          .address(h.payer.address), .address(h.payee.address), .uint(amount),
        ]))
    }
    func approve(_ amount: UInt256) throws -> Call {
      Call(to: path, data: try TIP20Call.approve(spender: h.stranger.address, amount: amount).calldata())
    }
    h.devnet.setBalance(Amount(units: 5_000), of: h.payer.address)
    #expect(try await h.send(take(9_000), from: h.stranger).revertName == "InsufficientAllowance")
    try await h.send(approve(10_000), from: h.payer)
    #expect(try await h.send(take(9_000), from: h.stranger).revertName == "InsufficientBalance")
    #expect(h.devnet.allowance(of: h.payer.address, spender: h.stranger.address) == 10_000)
    #expect(try await h.send(take(1_000), from: h.stranger).succeeded)
    #expect(h.devnet.allowance(of: h.payer.address, spender: h.stranger.address) == 9_000)
    // "All" is never used up.
    try await h.send(approve(.max), from: h.payer)
    #expect(try await h.send(take(500), from: h.stranger).succeeded)
    #expect(h.devnet.allowance(of: h.payer.address, spender: h.stranger.address) == .max)
  }

  @Test func transfersToOneselfAndOfNothingAreAllowed() async throws {
    #expect(try await h.send(h.transfer(7, to: h.payer.address), from: h.payer).succeeded)
    #expect(try await h.send(h.transfer(0, to: h.payee.address), from: h.payer).succeeded)
    #expect(h.units(h.payer) == Harness.initial - 2 * Harness.fee)
    #expect(h.units(h.payee) == Harness.initial)
  }

  @Test func theErrorOfAShortBalanceSaysHowShort() async throws {
    let receipt = try await h.send(h.transfer(Harness.initial, to: h.payee.address), from: h.payer)
    let words = [
      UInt256(Harness.initial - Harness.fee * 2).bytes32, UInt256(Harness.initial).bytes32,
      path.word.bytes,
    ]
    #expect(receipt.revertData == [0x83, 0x2f, 0x98, 0xb5] + words.flatMap(\.self))
  }

  @Test func whatIsNotAFunction() async throws {
    func revert(_ to: Address, _ data: [UInt8]) async throws -> (String?, [UInt8]?) {
      let receipt = try await h.send(Call(to: to, data: data), from: h.payer)
      return (receipt.revertName, receipt.revertData)
    }
    let unknown: [UInt8] = [0xaa, 0x4b, 0xc6, 0x9a, 1, 2, 3, 4] + [UInt8](repeating: 0, count: 28)
    for target in [
      path, TempoAddress.channelReserve, TempoAddress.feeManager, TempoAddress.dex, TempoAddress.keychain,
      TempoAddress.nonceManager, TempoAddress.signatureVerifier, TempoAddress.tip20Factory,
      TempoAddress.tip403Registry, TempoAddress.addressRegistry, TempoAddress.receivePolicyGuard,
      TempoAddress.storageCredits,
    ] {
      let (name, data) = try await revert(target, [1, 2, 3, 4])
      #expect(name == "UnknownFunctionSelector", "\(target.hex)")
      #expect(data == unknown)
      #expect(try await revert(target, [1, 2, 3]).1 == [])
    }
    let nobody = try Address(hex: "0x20c0000000000000000000000000000000000099")
    #expect(try await revert(nobody, [1, 2, 3, 4]).0 == "Uninitialized")
    // Arguments that do not decode.
    #expect(try await revert(path, try h.transfer(1, to: h.payee.address).data.dropLast()).1 == [])
  }
}
