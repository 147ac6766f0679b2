import EVM

/// One storage word of a key: it exists as long as its expiry is not zero, or as a tombstone once revoked.
struct KeyRecord: Sendable, Hashable {
  var expiry: UInt64
  var type: UInt8
  var enforcesLimits: Bool
  var isRevoked: Bool
  var isAdmin: Bool

  static let revoked = KeyRecord(
    expiry: 0, type: 0, enforcesLimits: false, isRevoked: true, isAdmin: false)

  init(expiry: UInt64, type: UInt8, enforcesLimits: Bool, isRevoked: Bool, isAdmin: Bool) {
    self.expiry = expiry
    self.type = type
    self.enforcesLimits = enforcesLimits
    self.isRevoked = isRevoked
    self.isAdmin = isAdmin
  }

  /// `expiry` in the low 64 bits, above it the type and one bit each.
  init(_ packed: UInt256) {
    let flags = packed.limbs[2]
    self.init(
      expiry: packed.limbs[3], type: UInt8(truncatingIfNeeded: flags), enforcesLimits: flags & 0x100 != 0,
      isRevoked: flags & 0x200 != 0, isAdmin: flags & 0x400 != 0)
  }

  var packed: UInt256 {
    let flags =
      UInt64(type) | (enforcesLimits ? 0x100 : 0) | (isRevoked ? 0x200 : 0) | (isAdmin ? 0x400 : 0)
    return UInt256(limbs: 0, 0, flags, expiry)
  }

  var exists: Bool { expiry > 0 }
}
