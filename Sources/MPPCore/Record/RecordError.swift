/// Why stored bytes are not a record, or a record cannot be stored.
@usableFromInline
package enum RecordError: Error, Sendable, Equatable {
  /// The checksum does not fit: the bytes are not what was written.
  case damaged
  /// Written by a newer version of this package.
  case newerSchema(UInt8)
  /// Shorter than its fields.
  case truncated
  /// Longer than its fields.
  case trailing
  /// A field is outside of what the schema allows.
  case range
}
