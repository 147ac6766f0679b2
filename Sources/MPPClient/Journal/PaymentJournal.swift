/// Where a client writes down what it is about to sign or send, before it leaves the process (`05` §22).
///
/// One process, and in it one client, uses a journal at a time: a client that meets the writes of another one stops. Records are opaque here; each is replaced whole, and only by a higher version.
public protocol PaymentJournal: Sendable {
  /// Stores all records or none. When this returns, a durable journal has them on disk; when it throws, they may or may
  /// not be there, and what depends on them must not leave.
  func write(_ records: [JournalRecord]) async throws(JournalError)
  /// Every record of a kind, in no particular order.
  func records(kind: String) async throws(JournalError) -> [JournalRecord]
  /// What a returned ``write(_:)`` survives.
  var durability: JournalDurability { get }
  /// Flushes and gives the file free. Later calls throw.
  func close() async throws(JournalError)
}

/// What a returned write survives.
public enum JournalDurability: String, Sendable, Hashable {
  /// Forgotten with the process: deposits must then be found on the chain.
  case volatile
  /// Survives the loss of power.
  case power
}

/// One entry of a journal. Kind and key name it; a write replaces it whole.
public struct JournalRecord: Sendable, Hashable {
  /// Which part of the client it belongs to; a journal never interprets it.
  public let kind: String
  /// Names the record among those of its kind.
  public let key: String
  /// Starts at 1 and grows with every change; a lower or equal one is refused as stale.
  public let version: UInt64
  /// Opaque to the journal.
  public let body: [UInt8]

  /// - Parameter version: above the one of the record it replaces; 1 for a new one.
  public init(kind: String, key: String, version: UInt64, body: [UInt8]) {
    self.kind = kind
    self.key = key
    self.version = version
    self.body = body
  }
}

/// Why a journal could not be opened, read or written. What depended on the write must not leave.
public struct JournalError: Error, Sendable, CustomStringConvertible {
  /// What to decide by.
  public enum Code: String, Sendable, Hashable {
    /// Another process has it open.
    case busy
    /// Not a journal, or damaged. Nothing was changed.
    case corrupt
    /// Written by a newer version of this library. Nothing was changed.
    case newerSchema
    /// A record was written with a version not above the stored one: somebody else writes to the journal. Final for this client.
    case stale
    /// ``PaymentJournal/close()`` was called. Nothing was changed.
    case closed
    /// Disk full, permission, medium.
    case storage
  }
  /// What to decide by.
  public let code: Code
  /// For people; names the file or record, never its content.
  public let reason: String
  /// For journals of your own.
  public init(_ code: Code, _ reason: String) {
    self.code = code
    self.reason = reason
  }
  public var description: String { "journal \(code.rawValue): \(reason)" }
}

/// Names a journal in the initialiser of `PaymentClient`. Each has to be asked for; there is no default.
public struct JournalProvider: Sendable {
  /// Opens the journal, or throws `JournalError`.
  public let open: @Sendable () throws -> any PaymentJournal
  /// - Parameter open: called once, when the client is made; throws `JournalError`.
  public init(open: @escaping @Sendable () throws -> any PaymentJournal) { self.open = open }

  /// Remembers nothing beyond this process. Deposits of a crashed client can then be found only on the chain, and
  /// vouchers that were signed are forgotten. For tests and throw-away programs.
  public static var volatile: JournalProvider { JournalProvider { VolatileJournal() } }

  /// A journal that is open already, or one of your own.
  public static func opened(_ journal: any PaymentJournal) -> JournalProvider { JournalProvider { journal } }
}
