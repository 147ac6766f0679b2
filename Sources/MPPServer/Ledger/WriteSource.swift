/// What the group committer asks of a table of records. Each method takes the lock of the record's shard.
@usableFromInline
protocol WriteSource: AnyObject, Sendable {
  /// The write for everything that has changed up to now, or `nil` when the ticket was given up. Later changes get a new
  /// ticket. Throws when the record cannot be encoded.
  func takeWrite(_ ticket: WriteTicket) throws -> Write?

  /// The write is durable.
  func written(_ ticket: WriteTicket)

  /// The write was refused or its fate is unknown: memory is ahead of the store, so the record is forgotten here and
  /// read again at its next use.
  func forget(_ ticket: WriteTicket, _ error: StoreError)
}
