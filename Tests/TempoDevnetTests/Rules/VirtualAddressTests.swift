import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// TIP-1022: an address that stands for a registered account. Nobody is registered here.
@Suite struct VirtualAddresses {
  let h: Harness
  let virtual: Address

  init() throws {
    h = try Harness()
    virtual = try Address([1, 2, 3, 4] + [UInt8](repeating: 0xfd, count: 10) + [5, 6, 7, 8, 9, 10])
  }

  @Test func aTransferToOneWithoutAMasterReverts() async throws {
    let receipt = try await h.send(h.transfer(1, to: virtual), from: h.payer)
    #expect(receipt.revertName == "VirtualAddressUnregistered")
    #expect(ContractErrors.reason(receipt.revertData ?? []).name == "VirtualAddressUnregistered")
    #expect(
      try await h.send(h.transfer(1, to: virtual, memo: .zero), from: h.payer).revertName
        == "VirtualAddressUnregistered")
    let mint = Call(
      to: TempoAddress.pathUSD,
      data: ABI.selector("mint(address,uint256)") + virtual.word.bytes + UInt256(1 as UInt64).bytes32)
    // It is looked up before anything else is asked.
    #expect(try await h.send(mint, from: h.payer).revertName == "VirtualAddressUnregistered")
    #expect(h.units(virtual) == 0)
  }

  @Test func onlyTheWholePatternMakesOne() async throws {
    for index in [4, 13] {
      var bytes = virtual.bytes
      bytes[index] = 0xfc
      #expect(try await h.send(h.transfer(1, to: Address(bytes)), from: h.payer).succeeded)
    }
  }

  private func open(operator: Address) async throws -> String? {
    let open = ChannelReserveCall.Open(
      payee: virtual, operator: `operator`, token: TempoAddress.pathUSD, deposit: 10, salt: .zero,
      authorizedSigner: .zero)
    return try await h.send(h.reserve(.open(open)), from: h.payer).revertName
  }

  @Test func aChannelToOneNeedsAnOperatorAndAMaster() async throws {
    #expect(try await open(operator: .zero) == "InvalidPayee")
    #expect(try await open(operator: virtual) == "InvalidPayee")
    #expect(try await open(operator: h.stranger.address) == "VirtualAddressUnregistered")
  }
}
