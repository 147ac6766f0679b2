import EVM
import MPPCore
import MPPTempo
import Tempo
import TempoRPC

/// What is kept with an intent so that a restart can finish it without the credential it came from.
enum IntentContext: Sendable, Equatable {
  /// A verified open: the record that is made once the chain has it. Journals of earlier versions have no escrow: it is
  /// the method's.
  case open(descriptor: ChannelDescriptor, deposit: Amount, voucher: SignedVoucher, escrow: Address?)
  case topUp(additionalDeposit: Amount)
  /// What had been delivered when the settlement was signed.
  case settle(amount: Amount, mark: SettlementMark)
  case close(capture: Amount, voucher: SignedVoucher, owner: UInt64)

  private static let schema: UInt8 = 1

  func encoded() throws -> [UInt8] {
    var writer = RecordWriter(schema: Self.schema)
    switch self {
    case .open(let descriptor, let deposit, let voucher, let escrow):
      writer.byte(escrow == nil ? 1 : 5)
      if let escrow { writer.fixed(escrow.bytes) }
      for address in [
        descriptor.payer, descriptor.payee, descriptor.operator, descriptor.token,
        descriptor.authorizedSigner,
      ] { writer.fixed(address.bytes) }
      writer.fixed(descriptor.salt.bytes)
      writer.fixed(descriptor.expiringNonceHash.bytes)
      try writer.amount(deposit)
      try Self.write(voucher, &writer)
    case .topUp(let additionalDeposit):
      writer.byte(2)
      try writer.amount(additionalDeposit)
    case .settle(let amount, let mark):
      writer.byte(3)
      try writer.amount(amount)
      writer.timestamp(mark.at)
      try writer.amount(mark.spent)
      writer.integer(mark.units)
    case .close(let capture, let voucher, let owner):
      writer.byte(4)
      try writer.amount(capture)
      try Self.write(voucher, &writer)
      writer.integer(owner)
    }
    return writer.finish()
  }

  init(decoding bytes: [UInt8]) throws {
    var reader = try RecordReader(bytes, newest: Self.schema)
    let tag = try reader.byte()
    switch tag {
    case 1, 5:
      let escrow = tag == 5 ? try Address(try reader.fixed(20)) : nil
      var addresses: [Address] = []
      for _ in 0..<5 { addresses.append(try Address(try reader.fixed(20))) }
      let salt = try Hash32(try reader.fixed(32))
      let nonceHash = try Hash32(try reader.fixed(32))
      let descriptor = ChannelDescriptor(
        payer: addresses[0], payee: addresses[1], operator: addresses[2], token: addresses[3], salt: salt,
        authorizedSigner: addresses[4], expiringNonceHash: nonceHash)
      let deposit = try reader.amount()
      self = .open(
        descriptor: descriptor, deposit: deposit, voucher: try Self.voucher(&reader), escrow: escrow)
    case 2: self = .topUp(additionalDeposit: try reader.amount())
    case 3:
      let amount = try reader.amount()
      let at = try reader.timestamp()
      let spent = try reader.amount()
      self = .settle(
        amount: amount, mark: SettlementMark(at: at, spent: spent, units: try reader.integer(UInt64.self)))
    case 4:
      let capture = try reader.amount()
      let voucher = try Self.voucher(&reader)
      self = .close(capture: capture, voucher: voucher, owner: try reader.integer(UInt64.self))
    default: throw RecordError.range
    }
    try reader.finish()
  }

  private static func write(_ voucher: SignedVoucher, _ writer: inout RecordWriter) throws {
    writer.fixed(voucher.channelID.bytes)
    try writer.amount(voucher.cumulativeAmount)
    try writer.variable(voucher.signature)
  }

  private static func voucher(_ reader: inout RecordReader) throws -> SignedVoucher {
    let channelID = try Hash32(try reader.fixed(32))
    let amount = try reader.amount()
    return SignedVoucher(
      channelID: channelID, cumulativeAmount: amount,
      signature: try reader.variable(maximum: SignedVoucher.maximumSignatureLength))
  }
}
