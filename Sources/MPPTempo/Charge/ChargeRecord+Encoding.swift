import EVM
import MPPCore

// Stored form: schema number, fields in the order below, checksum. See `RecordWriter`.
extension ChargeRecord {
  /// Number of the layout below.
  public static let schema: UInt8 = 1
  private static let longestText = 16_384

  /// Throws when a text is too long to be stored.
  public func encoded() throws -> [UInt8] {
    var writer = RecordWriter(schema: Self.schema, capacity: 256 + receipt.utf8.count)
    writer.append { bytes in
      transaction.append(to: &bytes)
      payer.append(to: &bytes)
      request.append(to: &bytes)
    }
    try writer.variable(Array(challengeID.utf8))
    writer.timestamp(createdAt)
    writer.integer(validBefore ?? 0)
    switch phase {
    case .broadcasting: writer.byte(1)
    case .settled: writer.byte(2)
    case .delivering(let lease): (writer.byte(3), writer.timestamp(lease))
    case .delivered: writer.byte(4)
    case .void: writer.byte(5)
    }
    writer.byte(deliveries)
    try writer.variable(Array(receipt.utf8))
    return writer.finish()
  }

  /// Reads what ``encoded()`` wrote, strictly.
  public init(decoding bytes: [UInt8]) throws {
    var reader = try RecordReader(bytes, newest: Self.schema)
    let transaction = try reader.hash()
    let payer = try reader.address()
    let request = try reader.hash()
    let challengeID = try reader.text(maximum: Self.longestText)
    let createdAt = try reader.timestamp()
    let validBefore: UInt64 = try reader.integer()
    let phase: ChargePhase
    switch try reader.byte() {
    case 1: phase = .broadcasting
    case 2: phase = .settled
    case 3: phase = .delivering(leaseUntil: try reader.timestamp())
    case 4: phase = .delivered
    case 5: phase = .void
    default: throw RecordError.range
    }
    let deliveries = try reader.byte()
    guard deliveries <= Self.maximumDeliveries else { throw RecordError.range }
    let receipt = try reader.text(maximum: Self.longestText)
    try reader.finish()
    self.init(
      transaction: transaction, challengeID: challengeID, payer: payer, request: request,
      createdAt: createdAt,
      validBefore: validBefore == 0 ? nil : validBefore, phase: phase, deliveries: deliveries,
      receipt: receipt)
  }
}

extension RecordReader {
  fileprivate mutating func text(maximum: Int) throws(RecordError) -> String {
    guard let text = String(validating: try variable(maximum: maximum), as: UTF8.self) else { throw .range }
    return text
  }
}
