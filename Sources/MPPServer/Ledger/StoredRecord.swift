/// A state of a record, in one place: it is handed on without a copy, however large it is.
@usableFromInline
package final class StoredRecord<Record: LedgerRecord>: Sendable {
  @usableFromInline package let record: Record

  @inlinable
  package init(_ record: Record) { self.record = record }
}
