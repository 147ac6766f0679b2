import EVM
import MPPTempo
import MPPTesting
import PeerSupport
import Tempo
import TempoDevnet
import TempoRPC
import Testing

/// Voucher signatures of every kind of wrongness, and the chain's verdict on each.
enum SignatureCases {
  typealias Make = @Sendable (OpenChannel, UInt128) throws -> [UInt8]

  static let all: [(String, Make)] = [
    ("valid", { try $0.signature($1) }),
    ("high s", { channel, amount in try highS(channel.signature(amount)) }),
    ("v 0 or 1", { channel, amount in try edited(channel, amount) { $0[64] -= 27 } }),
    ("the other v", { channel, amount in try edited(channel, amount) { $0[64] = 55 - $0[64] } }),
    ("v 29", { channel, amount in try edited(channel, amount) { $0[64] = 29 } }),
    (
      "r zero", { channel, amount in try edited(channel, amount) { $0.replaceSubrange(0..<32, with: zeros) } }
    ),
    (
      "s zero",
      { channel, amount in try edited(channel, amount) { $0.replaceSubrange(32..<64, with: zeros) } }
    ),
    ("all zero", { _, _ in [UInt8](repeating: 0, count: 65) }),
    (
      "r above n",
      { channel, amount in
        try edited(channel, amount) { $0.replaceSubrange(0..<32, with: [UInt8](repeating: 0xff, count: 32)) }
      }
    ),
    ("64 bytes", { channel, amount in Array(try channel.signature(amount).dropLast()) }),
    ("66 bytes", { channel, amount in try channel.signature(amount) + [0] }),
    ("type byte before", { channel, amount in [0x00] + (try channel.signature(amount)) }),
    ("type 3", { channel, amount in [0x03] + channel.key.address.bytes + (try channel.signature(amount)) }),
    ("keychain", { channel, amount in [0x04] + channel.key.address.bytes + (try channel.signature(amount)) }),
    ("another amount", { channel, amount in try channel.signature(amount + 1) }),
    (
      "another key",
      { channel, amount in
        try channel.signature(amount, by: Secp256k1PrivateKey(hex: "0x" + String(repeating: "01", count: 32)))
      }
    ),
    (
      "another chain",
      { channel, amount in
        channel.key.sign(
          try Voucher(channelID: channel.id, cumulativeAmount: amount)
            .digest(domain: VoucherDomain(chainID: 4217, escrow: channel.escrow))
        ).bytes65
      }
    ),
    ("empty", { _, _ in [0x01] }),
  ]

  /// What the chain takes and we do not: `v` is to be 27 or 28.
  static let strictlyRefused: Set<String> = ["v 0 or 1"]

  private static let zeros = [UInt8](repeating: 0, count: 32)

  private static func edited(
    _ channel: OpenChannel, _ amount: UInt128, _ edit: (inout [UInt8]) -> Void
  ) throws -> [UInt8] {
    var bytes = try channel.signature(amount)
    edit(&bytes)
    return bytes
  }

  /// The malleable twin: n − s, with the other recovery id.
  private static func highS(_ signature: [UInt8]) throws -> [UInt8] {
    var twin = signature
    var borrow = 0
    for index in stride(from: 31, through: 0, by: -1) {
      var difference = Int(Secp256k1.order.bytes[index]) - Int(signature[32 + index]) - borrow
      borrow = difference < 0 ? 1 : 0
      if difference < 0 { difference += 256 }
      twin[32 + index] = UInt8(difference)
    }
    twin[64] = 55 - signature[64]
    return twin
  }

  /// Whether the reserve settles with these bytes; the chain is put back afterwards.
  static func settles(
    _ channel: OpenChannel, _ amount: UInt128, _ signature: [UInt8], _ devnet: Devnet
  ) async throws -> Bool {
    let snapshot = try #require(devnet.snapshot())
    defer { devnet.revert(to: snapshot) }
    let client = ChainClient(transport: DevnetTransport(devnet), clock: devnet.clock)
    let planner = TransactionPlanner(client: client, chainID: devnet.chainID)
    let calldata = try ChannelReserveABI.settleCalldata(
      channel.descriptor, cumulativeAmount: amount, signature: signature)
    do {
      let plan = try await planner.plan(
        calls: [Call(to: channel.escrow, data: calldata)], from: devnet.accounts[0].address,
        feeToken: channel.descriptor.token)
      let signed = try plan.signed(with: devnet.accounts[0].privateKey)
      return try await client.sendRawTransactionSync(signed.serialized).succeeded
    } catch let error as ChainError where error.code == .reverted || error.code == .rejected {
      return false
    }
  }
}
