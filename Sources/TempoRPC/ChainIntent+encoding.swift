import EVM
import MPPCore

extension ChainIntent {
  private static let version: UInt8 = 1

  /// The stored form.
  public func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.byte(Self.version)
    writer.fixed(identity.bytes)
    writer.fixed(hash.bytes)
    writer.byte(validBefore == nil ? 0 : 1)
    writer.integer(validBefore ?? 0)
    writer.integer(UInt64(bitPattern: createdAt.milliseconds))
    let (code, block) = state.coded
    writer.byte(code)
    writer.integer(block)
    writer.block(raw)
    writer.block(context)
    return writer.bytes
  }

  /// - Throws: when the bytes are not a stored intent of a known version, or its hash is not its bytes'.
  public init(decoding bytes: [UInt8]) throws {
    var reader = ByteReader(bytes)
    guard try reader.byte() == Self.version, let kind = Kind(rawValue: try reader.byte()) else {
      throw ByteReader.Malformed()
    }
    let subject = try Hash32(try reader.fixed(32))
    let discriminator = try Hash32(try reader.fixed(32))
    let hash = try Hash32(try reader.fixed(32))
    let expires = try reader.byte() == 1
    let validBefore = try reader.integer()
    let createdAt = Timestamp(milliseconds: Int64(bitPattern: try reader.integer()))
    let code = try reader.byte()
    guard let state = State(code: code, block: try reader.integer()) else { throw ByteReader.Malformed() }
    let raw = try reader.block()
    let context = try reader.block()
    try reader.end()
    self.init(
      identity: Identity(kind, subject, discriminator), raw: raw, hash: hash,
      validBefore: expires ? validBefore : nil, createdAt: createdAt, context: context, state: state)
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
