import EVM
import MPPCore

extension ChainIntent {
  /// Longest transaction and longest context that are kept, in bytes.
  public static let maximumLength = 65_535
  private static let schema: UInt8 = 1

  /// The stored form, with a schema number and a checksum.
  /// - Throws: when the transaction or the context is too long.
  public func encoded() throws -> [UInt8] {
    var writer = RecordWriter(schema: Self.schema, capacity: 192 + raw.count + context.count)
    writer.fixed(identity.bytes)
    writer.fixed(hash.bytes)
    try writer.optional(validBefore) { (writer, value) throws(RecordError) in writer.integer(value) }
    writer.timestamp(createdAt)
    let (code, block) = state.coded
    writer.byte(code)
    writer.integer(block)
    try writer.variable(raw)
    try writer.variable(context)
    return writer.finish()
  }

  /// - Throws: when the bytes are damaged, or not a stored intent of a known schema.
  public init(decoding bytes: [UInt8]) throws {
    var reader = try RecordReader(bytes, newest: Self.schema)
    guard let kind = Kind(rawValue: try reader.byte()) else { throw RecordError.range }
    let subject = try Hash32(try reader.fixed(32))
    let discriminator = try Hash32(try reader.fixed(32))
    let hash = try Hash32(try reader.fixed(32))
    let validBefore = try reader.optional { reader throws(RecordError) in try reader.integer(UInt64.self) }
    let createdAt = try reader.timestamp()
    let code = try reader.byte()
    guard let state = State(code: code, block: try reader.integer(UInt64.self)) else {
      throw RecordError.range
    }
    let raw = try reader.variable(maximum: Self.maximumLength)
    let context = try reader.variable(maximum: Self.maximumLength)
    try reader.finish()
    self.init(
      identity: Identity(kind, subject, discriminator), raw: raw, hash: hash, validBefore: validBefore,
      createdAt: createdAt, context: context, state: state)
  }
}
extension ChainIntent.State {
  fileprivate var coded: (UInt8, UInt64) {
    switch self {
    case .prepared: (0, 0)
    case .sent: (1, 0)
    case .included(let block): (2, block)
    case .confirmed(let block): (3, block)
    case .expired: (4, 0)
    case .rejected: (5, 0)
    }
  }

  fileprivate init?(code: UInt8, block: UInt64) {
    switch code {
    case 0: self = .prepared
    case 1: self = .sent
    case 2: self = .included(block: block)
    case 3: self = .confirmed(block: block)
    case 4: self = .expired
    case 5: self = .rejected
    default: return nil
    }
  }
}
