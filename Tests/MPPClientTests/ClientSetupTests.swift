import MPPClient
import Testing

/// These end the process when the client's own HTTP client is let go without being shut down.
@Suite("Setting a client up")
struct ClientSetupTests {
  private struct Broken: Error {}

  @Test("A journal that cannot be opened is an error, and nothing is left behind")
  func journal() throws {
    let error = #expect(throws: PaymentClientError.self) {
      try PaymentClient(
        methods: [], spending: .upTo("1", perDay: "1"), journal: JournalProvider { throw Broken() })
    }
    #expect(error?.code == .journal)
  }

  @Test("A method that cannot be set up is an error, and nothing is left behind")
  func method() throws {
    #expect(throws: Broken.self) {
      try PaymentClient(
        methods: [ClientMethodProvider { _ in throw Broken() }], spending: .upTo("1", perDay: "1"),
        journal: .volatile)
    }
  }

  @Test("A limit in bytes that is too large to count is the largest, never a small one")
  func limits() {
    #expect(ByteCount.kibibytes(3).bytes == 3_072)
    #expect(ByteCount.mebibytes(2).bytes == 2_097_152)
    for count in [Int.max, .max / 1_024, (1 << 53) + 1] {
      #expect(ByteCount.mebibytes(count).bytes == .max)
      #expect(ByteCount.kibibytes(count).bytes >= count)
    }
    for count in [-1, .min] {
      #expect(ByteCount.kibibytes(count).bytes == 0)
      #expect(ByteCount.mebibytes(count).bytes == 0)
    }
  }
}
