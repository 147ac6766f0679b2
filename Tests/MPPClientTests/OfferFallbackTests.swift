import HTTPTypes
import MPPClient
import MPPCore
import MPPTesting
import Testing

/// What becomes of a request when the offer that was chosen cannot be paid (`01` §18.3): another one that the policy allows, as long
/// as nothing was signed.
@Suite("Falling back to another offer")
struct OfferFallbackTests {
  private typealias Failure = FakeClientMethod.Failure

  private struct Stage {
    let seller: FakeSeller
    let charge: FakeClientMethod
    let session: FakeClientMethod
    let client: PaymentClient

    init(
      _ failures: [String: Failure], offers: [String]? = nil, policy: SpendPolicy? = nil,
      options: ClientOptions = ClientOptions()
    ) throws {
      let seller = FakeSeller(
        offers ?? [
          FakeSeller.challenge("first"), FakeSeller.challenge("second", "tempo/session"),
          FakeSeller.challenge("third", currency: "0xcc"),
        ])
      self.seller = seller
      charge = FakeClientMethod("tempo", "charge", failures: failures)
      session = FakeClientMethod("tempo", "session", failures: failures)
      let methods: [any ClientMethod] = [charge, session]
      client = try PaymentClient(
        methods: [ClientMethodProvider { _ in methods }],
        spending: policy ?? SpendPolicy.upTo("0.001", perDay: "1"), journal: .volatile, transport: seller,
        options: options, clock: ManualClock())
    }

    var abandoned: [String] { charge.abandoned + session.abandoned }

    func get() async throws -> PaidResponse { try await client.execute(.get("https://shop.example/item")) }

    func refusal() async -> PaymentClientError? {
      await #expect(throws: PaymentClientError.self) { try await get() }
    }
  }

  private static func failure(
    _ code: PaymentClientError.Code, isCommitted: Bool = false, isEarly: Bool = false,
    isRetryable: Bool = false
  ) -> Failure {
    Failure(
      error: PaymentClientError(code, "no \(code)", isRetryable: isRetryable), isCommitted: isCommitted,
      isEarly: isEarly)
  }

  private static let noBalance = failure(.chain)

  @Test("An offer that cannot be prepared gives way to the next one; the request is paid once")
  func fallsBack() async throws {
    for failure in [
      Self.noBalance, Self.failure(.untrustedTerms, isEarly: true), Self.failure(.refusedByPolicy),
    ] {
      let stage = try Stage(["first": failure])
      let response = try await stage.get()
      #expect(response.status == .ok)
      #expect(response.payment?.intent == "session")
      #expect(stage.seller.credentials == ["Payment second"])
      #expect(stage.seller.seen.count == 2)
      #expect(stage.abandoned == (failure.isEarly ? [] : ["first"]))
    }
  }

  @Test("The order is that of the choice: the client's weights before the server's order")
  func order() async throws {
    let stage = try Stage(["first": Self.noBalance, "second": Self.noBalance])
    _ = try await stage.get()
    #expect(stage.seller.credentials == ["Payment third"])
    var options = ClientOptions()
    options.preferences = ["tempo/session": try #require(PaymentWeight(0.5))]
    let weighed = try Stage(["first": Self.noBalance], options: options)
    _ = try await weighed.get()
    #expect(weighed.seller.credentials == ["Payment third"])
  }

  @Test("When no offer can be paid the first one's error is thrown, with the others' beside it")
  func noneWorks() async throws {
    let stage = try Stage([
      "first": Self.noBalance, "second": Self.failure(.untrustedTerms),
      "third": Self.failure(.refusedByPolicy),
    ])
    let error = await stage.refusal()
    #expect(error?.code == .chain)
    #expect(error?.alternatives.map(\.code) == [.untrustedTerms, .refusedByPolicy])
    #expect(error?.description.contains("another offer: untrusted-terms") == true)
    #expect(stage.seller.credentials.isEmpty)
    #expect(stage.seller.seen.count == 1)
    #expect(stage.abandoned == ["first", "third", "second"])
  }

  @Test("After a signature nothing takes the offer's place, whatever went wrong")
  func neverAfterASignature() async throws {
    for code in [PaymentClientError.Code.chain, .refusedByPolicy, .journal, .untrustedTerms] {
      let stage = try Stage(["first": Self.failure(code, isCommitted: true)])
      let error = await stage.refusal()
      #expect(error?.code == code)
      #expect(error?.alternatives.isEmpty == true)
      #expect(stage.session.paid.isEmpty)
      #expect(stage.seller.credentials.isEmpty)
      // Nor when it is the second one that was signed for; why the first was not is there.
      let later = try Stage(["first": Self.noBalance, "second": Self.failure(code, isCommitted: true)])
      let second = await later.refusal()
      #expect(second?.code == code)
      #expect(second?.reason == "no \(code)")
      #expect(second?.alternatives.map(\.code) == [.chain])
      #expect(later.seller.credentials.isEmpty)
    }
  }

  @Test("What is not the offer's fault, or may pass, chooses no other offer")
  func otherReasons() async throws {
    for failure in [
      Self.failure(.cancelled), Self.failure(.journal), Self.failure(.overloaded), Self.failure(.signing),
      Self.failure(.outcomeUnknown), Self.failure(.transport), Self.failure(.shutDown),
      Self.failure(.chain, isRetryable: true),
    ] {
      let stage = try Stage(["first": failure])
      #expect(await stage.refusal()?.code == failure.error.code)
      #expect(stage.session.paid.isEmpty)
      #expect(stage.seller.credentials.isEmpty)
    }
  }

  @Test("An offer the policy does not allow takes nobody's place")
  func policyStays() async throws {
    let policy = try SpendPolicy.upTo("0.001", perDay: "1").paying(tokens: ["0xaa"])
    let offers = [
      FakeSeller.challenge("first"), FakeSeller.challenge("dear", amount: "1001"),
      FakeSeller.challenge("third", currency: "0xcc"), FakeSeller.challenge("other", "stripe/charge"),
      FakeSeller.challenge("old", expires: "2020-01-01T00:00:00Z"),
    ]
    let stage = try Stage(["first": Self.noBalance], offers: offers, policy: policy)
    let error = await stage.refusal()
    #expect(error?.code == .chain)
    #expect(error?.alternatives.isEmpty == true)
    #expect(stage.charge.paid.map(\.challenge.id) == ["first"])
    #expect(stage.seller.credentials.isEmpty)
  }
}
