import EVM
import MPPCore

/// The faucet: real transactions of a real account (`03` §10.5).
extension DevnetCore {
  private static let tokens = [
    Addresses.pathUSD, Addresses.alphaUSD, Addresses.betaUSD, Addresses.thetaUSD,
  ]

  /// Mints the initial balance of four tokens, a transaction each. Returns their hashes in token order.
  mutating func fund(
    _ account: Address, by call: RPCCall, wall: Timestamp
  ) throws(RPCFailure) -> [Hash32] {
    var hashes: [Hash32] = []
    for token in Self.tokens {
      hashes.append(try submit(mint(token, to: account), by: call, wall: wall).hash)
    }
    return hashes
  }

  private func mint(_ token: Address, to account: Address) -> [UInt8] {
    let data =
      Words.selector(0x40c1_0f19)
      + Words.encode(UInt256(account.word), UInt256(configuration.initialBalance.units))
    let waiting = chain.pool.count { $0.transaction.sender == faucet.address }
    let nonce = chain.nonce(of: faucet.address, key: .zero) + UInt64(waiting)
    var items: [RLPItem] = [
      RLP.uint(chain.parameters.chainID), .empty, RLP.uint(chain.parameters.baseFee),
      RLP.uint(1_000_000 as UInt64),
      .list([.list([.address(token), .empty, .bytes(data)])]), .list([]), .empty, RLP.uint(nonce), .empty,
      .empty, .address(Addresses.pathUSD), .empty, .list([]),
    ]
    let digest = Keccak256.hash([0x76] + RLP.encode(.list(items)))
    items.append(.bytes(faucet.privateKey.sign(digest).bytes65))
    return [0x76] + RLP.encode(.list(items))
  }
}
