import EVM
import MPPClient
import MPPConformance
import MPPCore
import MPPTempoClient

/// Pays for real, with the client of `mpp request`: `payment.privateKey`, `payment.rpcUrl`, and the limit
/// `payment.maxAmount` in whole tokens. Channels it opens are closed again.
struct ConformancePayer: Sendable {
  private let input: ConformanceInput

  init(_ input: ConformanceInput) {
    self.input = input
  }

  func pay(_ request: ClientRequest) async throws -> JSONValue {
    let payment = input.object("payment")
    let limit = try payment.text("maxAmount")
    let account = TempoAccount.key(try Secp256k1PrivateKey(try payment.bytes("privateKey")))
    let chainID = payment.optional("chainId") == nil ? nil : try payment.number("chainId")
    let price = try Amount(decimal: limit, decimals: 6)
    let deposit = try payment.optionalText("maxDeposit").map { text throws in
      try Amount(decimal: text, decimals: 6)
    }
    // The limits are about what the server gets; the fees come on top.
    let fees = try TempoSessionOptions().maximumFee.multiplied(by: 2)
    let policy = try SpendPolicy(
      maximumPrice: price, maximumDeposit: deposit ?? price, maximumTotal: (deposit ?? price).adding(fees),
      periodSeconds: 86_400)
    let client = try PaymentClient(
      methods: [
        .tempo(account, network: .rpc(try payment.text("rpcUrl", "rpc"), chainID: chainID))
      ], spending: policy, journal: .volatile, logger: ClientLog.quiet)
    do {
      let response = try await client.execute(request)
      let answer = try await HTTPPaymentOperation.answer(response.status, response.headers, response.body)
      // The journal ends with this process: what is deposited has to come back now.
      _ = try await client.close()
      try await client.shutdown()
      return answer
    } catch {
      // The failure of the request is what the harness asked about; the deposit comes back if it can.
      do { _ = try await client.close() } catch {}
      do { try await client.shutdown() } catch {}
      throw error
    }
  }
}
