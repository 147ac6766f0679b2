import EVM
import MPPCore
import Tempo
import Testing

@testable import TempoDevnet

/// The chain spells addresses, selectors and topics itself; here they meet their names and the SDK's table.
@Suite struct Constants {
  @Test func addressesAgreeWithTheSDK() {
    let pairs: [(Address, Address)] = [
      (Addresses.reserve, TempoAddress.channelReserve), (Addresses.feeManager, TempoAddress.feeManager),
      (Addresses.dex, TempoAddress.dex), (Addresses.keychain, TempoAddress.keychain),
      (Addresses.nonceManager, TempoAddress.nonceManager),
      (Addresses.signatureVerifier, TempoAddress.signatureVerifier),
      (Addresses.tip20Factory, TempoAddress.tip20Factory),
      (Addresses.tip403Registry, TempoAddress.tip403Registry),
      (Addresses.addressRegistry, TempoAddress.addressRegistry),
      (Addresses.receiveGuard, TempoAddress.receivePolicyGuard),
      (Addresses.storageCredits, TempoAddress.storageCredits),
      (Addresses.multicall3, TempoAddress.multicall3), (Addresses.pathUSD, TempoAddress.pathUSD),
      (Addresses.alphaUSD, TempoAddress.alphaUSD), (Addresses.betaUSD, TempoAddress.betaUSD),
      (Addresses.thetaUSD, TempoAddress.thetaUSD), (Addresses.usdc, TempoAddress.usdcE),
    ]
    for (ours, theirs) in pairs { #expect(ours == theirs) }
  }

  @Test func errorSelectorsBelongToTheirNames() {
    for revert in Revert.named {
      #expect(
        Array(Keccak256.hash(utf8: "\(revert.name)()").bytes.prefix(4)) == revert.data, "\(revert.name)")
    }
    let balance = Revert.insufficientBalance(available: 1, required: 2, token: .zero)
    let selector = Keccak256.hash(utf8: "InsufficientBalance(uint256,uint256,address)").bytes.prefix(4)
    #expect(balance.data.prefix(4) == selector)
  }

  @Test func topicsAgreeWithTheSDK() {
    #expect(Topic.channelOpened == ChannelReserveABI.channelOpened.topic)
    #expect(Topic.settled == ChannelReserveABI.settled.topic)
    #expect(Topic.topUp == ChannelReserveABI.topUpEvent.topic)
    #expect(Topic.closeRequested == ChannelReserveABI.closeRequested.topic)
    #expect(Topic.closeRequestCancelled == ChannelReserveABI.closeRequestCancelled.topic)
    #expect(Topic.channelClosed == ChannelReserveABI.channelClosed.topic)
    #expect(Topic.transfer == TIP20ABI.transferEvent.topic)
    #expect(Topic.transferWithMemo == TIP20ABI.transferWithMemoEvent.topic)
  }

  @Test func accountsOfBothSeries() throws {
    let devnet = try Devnet()
    let addresses = devnet.accounts.map(\.address.checksummed)
    #expect(addresses.count == 39)
    #expect(Set(addresses).count == 39)
    #expect(addresses[0] == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
    #expect(addresses[1] == "0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
    #expect(addresses[5] == "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc")
    #expect(addresses[20] == "0x8C8d35429F74ec245F8Ef2f4Fd1e551cFF97d650")
    #expect(addresses[24] == "0xCA5455b7a77E0c076C805A1c0da5782e457C7ADA")
    #expect(devnet.faucet.address.checksummed == "0x14Dcb427A216216791fB63973c5b13878de30916")
    #expect(devnet.sponsor.address.checksummed == "0xe11d6A43AaAEe32096486114353f251A4eD8da08")
    for account in devnet.accounts { #expect(devnet.balance(of: account.address).units == Harness.initial) }
  }

  @Test func aChannelCellKeepsItsThreeMembers() {
    var channel = ReserveChannel(deposit: ReserveChannel.maximumAmount)
    channel.settled = ReserveChannel.maximumAmount - 1
    channel.closeRequestedAt = 0xffff_fffe
    #expect(ReserveChannel(channel.packed) == channel)
    #expect(ReserveChannel(.zero).deposit == 0)
    var small = ReserveChannel(deposit: 0x1_2345_6789_abcd)
    small.settled = 3
    #expect(ReserveChannel(small.packed) == small)
  }
}
