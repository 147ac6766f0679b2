// Every snippet of docs/guides/pay-for-a-request.md; `scripts/check-snippets` compares them.
import MPPStoreSQLite
import MPPTempoClient

enum PayForARequest {
  static func client() throws -> PaymentClient {
    // snippet: client
    let client = try PaymentClient(
      methods: [.tempo(.environment("MPP_PRIVATE_KEY"), network: .mainnet)],
      spending: .upTo("0.10", perDay: "5"),
      journal: .sqlite(at: "payments.journal"))
    // end
    return client
  }

  static func request(_ client: PaymentClient) async throws {
    // snippet: request
    let response = try await client.execute(.get("https://api.example.com/report"))
    print(response.status, try await response.body.text(upTo: .mebibytes(1)))
    if let payment = response.payment {
      print("\(payment.amount) base units, transaction \(payment.receipt?.transaction ?? "none")")
    }
    try await client.shutdown()
    // end
  }

  static func policy() throws -> SpendPolicy {
    // snippet: policy
    let policy = try SpendPolicy.upTo("0.10", perDay: "5")
      .paying(origins: ["https://api.example.com"])
      .paying(recipients: ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"])
      .paying(tokens: ["0x20c0000000000000000000000000000000000000"])
      .paying(methods: ["tempo/charge"])
    // end
    return policy
  }

  static func preferences(_ policy: SpendPolicy) throws -> PaymentClient {
    // snippet: preferences
    var options = ClientOptions()
    options.preferences = ["tempo/charge": .none]  // channels only
    var charges = TempoChargeOptions()
    charges.mode = .push  // this client sends the transaction itself
    let client = try PaymentClient(
      methods: [.tempo(.environment("MPP_PRIVATE_KEY"), network: .mainnet, charges: charges)],
      spending: policy, journal: .sqlite(at: "payments.journal"), options: options)
    // end
    return client
  }

  static func bootstrap(_ policy: SpendPolicy) throws -> PaymentClient {
    // snippet: bootstrap
    var sessions = TempoSessionOptions()
    sessions.bootstrap = true
    let client = try PaymentClient(
      methods: [.tempo(.environment("MPP_PRIVATE_KEY"), network: .mainnet, options: sessions)],
      spending: policy, journal: .sqlite(at: "payments.journal"))
    // end
    return client
  }

  static func errors(_ client: PaymentClient, _ request: ClientRequest) async throws {
    // snippet: errors
    do {
      let response = try await client.execute(request)
      print(response.status)
    } catch let error as PaymentClientError where error.code == .refusedByPolicy {
      print("too expensive, or not on the list; nothing was signed: \(error.reason)")
    } catch let error as PaymentClientError where error.isRetryable {
      print("ask again, it does not pay twice; at most \(error.exposure.authorized) base units may be paid")
    } catch let error as PaymentClientError {
      print("\(error.code): at most \(error.exposure.authorized) base units may be paid")
    }
    // end
  }

  static func upload(_ client: PaymentClient, _ chunks: AsyncStream<[UInt8]>, _ file: String) async throws {
    // snippet: streams
    // Read once: good where nothing is to be paid. A demand for payment is an error, and nothing is signed.
    _ = try await client.execute(.post("https://api.example.com/upload", stream: .once(chunks)))

    // Read again for every sending: this one can be paid for.
    let upload = RequestStream.replayable { try FileChunks(path: file) }
    _ = try await client.execute(.post("https://api.example.com/upload", stream: upload))
    // end
  }
}
