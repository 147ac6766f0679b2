import HTTPTypes
import MPPClient
import MPPCore
import MPPTesting
import Synchronization
import Testing

/// Bodies that are produced while they are sent (`01` §18.4, §23.5).
@Suite("Streamed request bodies")
struct RequestStreamTests {
  private static let url = "https://shop.example/upload"
  private let method = FakeClientMethod("tempo", "charge")

  private func client(_ seller: FakeSeller) throws -> PaymentClient {
    let method = method
    return try PaymentClient(
      methods: [ClientMethodProvider { _ in [method] }], spending: .upTo("0.001", perDay: "1"),
      journal: .volatile, transport: seller, clock: ManualClock())
  }

  private static func chunks(_ texts: String...) -> AsyncStream<[UInt8]> {
    AsyncStream { continuation in
      for text in texts { continuation.yield(Array(text.utf8)) }
      continuation.finish()
    }
  }

  @Test("A body that can be read once is refused before anything is signed, with the demand untouched")
  func once() async throws {
    let digest = BodyDigest.compute(Array("hello".utf8))
    for challenge in [FakeSeller.challenge("a"), FakeSeller.challenge("a", digest: digest)] {
      let seller = FakeSeller([challenge])
      let error = await #expect(throws: PaymentClientError.self) {
        try await client(seller).execute(.post(Self.url, stream: .once(Self.chunks("hel", "lo"))))
      }
      #expect(error?.code == .bodyNotReplayable)
      #expect(error?.exposure == PaymentClientError.Exposure.none)
      #expect(error?.response?.status.code == 402)
      #expect(error?.response?.headers[.wwwAuthenticate] != nil)
      #expect(try await error?.response?.body.text() == "pay first")
      #expect(method.paid.isEmpty)
      #expect(seller.seen.count == 1)
    }
  }

  @Test("A body that can be read once is good for what is free")
  func free() async throws {
    let seller = FakeSeller([]) { _ in HTTPResponse(status: .ok) }
    let response = try await client(seller).execute(
      .post(Self.url, stream: .once(Self.chunks("hel", "lo"), length: 5)))
    #expect(response.status == .ok)
    #expect(seller.seen[0].body == Array("hello".utf8))
    #expect(seller.seen[0].request.headerFields[.contentLength] == "5")
  }

  @Test("A replayable body is sent again with the credential, and its digest is what is paid for")
  func replayable() async throws {
    let digest = BodyDigest.compute(Array("hello".utf8))
    let seller = FakeSeller([FakeSeller.challenge("a", digest: digest)])
    let response = try await client(seller).execute(
      .post(Self.url, stream: .replayable { Self.chunks("hel", "lo") }))
    #expect(response.payment?.amount == Amount(units: 10))
    #expect(seller.seen.map(\.body) == [Array("hello".utf8), Array("hello".utf8)])
    #expect(method.context?.bodyDigest == digest)
    #expect(method.context?.hasBody == true)
  }

  @Test("A body that reads differently the second time is not paid for")
  func changing() async throws {
    let digest = BodyDigest.compute(Array("first".utf8))
    let seller = FakeSeller([FakeSeller.challenge("a", digest: digest)])
    let readings = Mutex(0)
    let stream = RequestStream.replayable {
      let number = readings.withLock { readings in
        readings += 1
        return readings
      }
      return Self.chunks(number == 1 ? "first" : "second")
    }
    let error = await #expect(throws: PaymentClientError.self) {
      try await client(seller).execute(.post(Self.url, stream: stream))
    }
    #expect(error?.code == .invalidChallenge)
    #expect(method.paid.isEmpty)
  }

  @Test("A replayable body that cannot be read again is not paid for")
  func gone() async throws {
    struct Gone: Error {}
    let seller = FakeSeller([FakeSeller.challenge("a")])
    let readings = Mutex(0)
    let stream = RequestStream.replayable {
      let number = readings.withLock { readings in
        readings += 1
        return readings
      }
      guard number == 1 else { throw Gone() }
      return Self.chunks("hello")
    }
    let error = await #expect(throws: PaymentClientError.self) {
      try await client(seller).execute(.post(Self.url, stream: stream))
    }
    #expect(error?.code == .bodyNotReplayable)
    #expect(method.paid.isEmpty)
    #expect(seller.credentials.isEmpty)
  }

  @Test("A stream gives its chunks once, or as often as it is asked")
  func readings() async throws {
    let once = RequestStream.once(Self.chunks("a"))
    #expect(!once.isReplayable)
    _ = try once.chunks()
    #expect(throws: RequestStream.AlreadyRead.self) { try once.chunks() }
    let often = RequestStream.replayable(length: 1) { Self.chunks("a") }
    #expect(often.isReplayable)
    #expect(often.length == 1)
    for _ in 0..<3 {
      var all: [UInt8] = []
      for try await chunk in try often.chunks() { all += chunk }
      #expect(all == Array("a".utf8))
    }
  }
}
