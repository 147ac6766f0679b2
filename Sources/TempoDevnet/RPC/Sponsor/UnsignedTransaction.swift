import EVM
import MPPCore

/// The thirteen or fourteen items of a `0x76` transaction before anybody has signed (`02` §5.1, §5.3).
struct UnsignedTransaction: Sendable {
  /// Fee token and fee payer slot are empty.
  private var items: [RLPItem]
  private static let feeToken = 10
  private static let slot = 11

  init(_ content: DecodedTransaction, chainID: UInt64) {
    let calls = content.calls.map { call in
      RLPItem.list([
        call.to.map { .address($0) } ?? .empty, RLP.uint(call.value), .bytes(call.data),
      ])
    }
    items = [
      RLP.uint(chainID), RLP.uint(content.maxPriorityFee), RLP.uint(content.maxFee),
      RLP.uint(content.gasLimit), .list(calls), .list([]), RLP.uint(content.nonceKey),
      RLP.uint(content.nonce), RLP.uint(content.validBefore ?? 0), RLP.uint(content.validAfter ?? 0),
      content.feeToken.map { .address($0) } ?? .empty, .empty, .list([]),
    ]
    if let grant = content.keyGrant { items.append(grant.item) }
  }

  /// Of a hand-off: the items without the sender's signature.
  init(handOff items: [RLPItem]) {
    self.items = items
    self.items[Self.feeToken] = .empty
    self.items[Self.slot] = .empty
  }

  /// What the sender signs when somebody sponsors.
  var sponsoredPreimage: [UInt8] {
    [0x76] + RLP.encode(.list(with(feeToken: .empty, slot: .bytes([0]))))
  }

  /// What the sponsor signs.
  func sponsorDigest(sender: Address, feeToken: Address) -> Hash32 {
    Keccak256.hash(
      [0x78] + RLP.encode(.list(with(feeToken: .address(feeToken), slot: .address(sender)))))
  }

  /// The bytes without any signature.
  var unsigned: [UInt8] { [0x76] + RLP.encode(.list(items)) }

  /// The final bytes.
  func signed(
    sender envelope: [UInt8], sponsor: RecoverableSignature, feeToken: Address
  ) -> [UInt8] {
    let slot = RLPItem.list([
      RLP.uint(UInt64(sponsor.yParity)), RLP.uint(UInt256(sponsor.r)), RLP.uint(UInt256(sponsor.s)),
    ])
    return [0x76]
      + RLP.encode(.list(with(feeToken: .address(feeToken), slot: slot) + [.bytes(envelope)]))
  }

  private func with(feeToken: RLPItem, slot: RLPItem) -> [RLPItem] {
    var items = items
    items[Self.feeToken] = feeToken
    items[Self.slot] = slot
    return items
  }
}
