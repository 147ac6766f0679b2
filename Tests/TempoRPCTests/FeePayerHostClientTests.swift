import EVM
import MPPCore
import Tempo
import TempoRPC
import Testing

/// A host that answers what it is told.
private struct ScriptedHost: RPCTransport {
  let answer: @Sendable () throws(RPCTransportError) -> String

  func send(_ body: [UInt8], timeoutMilliseconds: Int64) async throws(RPCTransportError) -> [UInt8] {
    Array(try answer().utf8)
  }
}

@Suite("Errors of a hosted fee payer are told apart (02 §6.5)")
struct FeePayerHostClientTests {
  private func error(
    _ answer: @escaping @Sendable () throws(RPCTransportError) -> String
  ) async throws -> FeePayerHostError? {
    let client = FeePayerHostClient(transport: ScriptedHost(answer: answer), timeoutMilliseconds: 1_000)
    let transaction = TempoTransaction(
      chainID: 1, maxFeePerGas: 1, gas: 1, calls: [Call(to: TempoAddress.pathUSD, data: [1])],
      nonceKey: ExpiringNonce.key, validBefore: 9, feePayer: .awaitingFeePayer)
    do {
      _ = try await client.fill(transaction, from: TempoAddress.dex)
      return nil
    } catch {
      return error
    }
  }

  private func answered(_ members: String) async throws -> FeePayerHostError? {
    try await error { () throws(RPCTransportError) in #"{"jsonrpc":"2.0","id":1,\#(members)}"# }
  }

  @Test func aRefusalIsTheHostsLastWordUnlessItIsBusy() async throws {
    #expect(
      try await answered(#""error":{"code":-32000,"message":"not you"}"#)
        == .refused(code: -32_000, message: "not you"))
    #expect(try await answered(#""error":{"code":-32603,"message":"oops"}"#)?.isRetryable == true)
    #expect(try await answered(#""error":{"code":-32005,"message":"limit"}"#)?.isRetryable == true)
    #expect(try await answered(#""error":{"code":-32601,"message":"unknown"}"#)?.isRetryable == false)
  }

  @Test func whatIsNoAnswerIsNone() async throws {
    for text in [
      "", "<html>", "[]", "{}", #"{"jsonrpc":"2.0","id":2,"result":{}}"#, #"{"id":1,"result":{}}"#,
    ] {
      #expect(try await error { () throws(RPCTransportError) in text } == .invalidAnswer)
    }
    let long = String(repeating: " ", count: FeePayerHostClient.answerBytes + 1)
    #expect(try await error { () throws(RPCTransportError) in long } == .tooLarge)
  }

  @Test func missingMembersAreNamed() async throws {
    #expect(try await answered(#""result":null"#) == .field("tx"))
    #expect(try await answered(#""result":{"tx":{}}"#) == .field("feeToken"))
    let token = #""feeToken":"0x20c0000000000000000000000000000000000000""#
    #expect(try await answered(#""result":{"tx":{\#(token)}}"#) == .field("feePayerSignature"))
    let signature = #""feePayerSignature":{"r":"0x1","s":"0x1","yParity":0}"#
    #expect(try await answered(#""result":{"tx":{\#(token),\#(signature)}}"#) == nil)
    #expect(
      try await answered(#""result":{"tx":{\#(token),\#(signature),"gas":"0x2"}}"#) == .field("gas"))
    #expect(try await answered(#""result":{"tx":{\#(token),\#(signature),"gas":1.5}}"#) == .field("gas"))
    #expect(try await answered(#""result":{"tx":{\#(token),\#(signature),"nonce":-1}}"#) == .field("nonce"))
  }

  @Test(arguments: [
    (RPCTransportError(.connectionFailed, mayHaveBeenReceived: false), true),
    (RPCTransportError(.connectionLost, mayHaveBeenReceived: true), true),
    (RPCTransportError(.timeout, mayHaveBeenReceived: true), true),
    (RPCTransportError(.rateLimited, mayHaveBeenReceived: false, status: 429), true),
    (RPCTransportError(.httpStatus, mayHaveBeenReceived: true, status: 503), true),
    (RPCTransportError(.httpStatus, mayHaveBeenReceived: true, status: 408), true),
    (RPCTransportError(.httpStatus, mayHaveBeenReceived: false, status: 307), false),
    (RPCTransportError(.httpStatus, mayHaveBeenReceived: false, status: 404), false),
    (RPCTransportError(.answerTooLarge, mayHaveBeenReceived: true), false),
  ])
  func transportErrors(_ failure: RPCTransportError, isRetryable: Bool) async throws {
    let error = try await error { () throws(RPCTransportError) in throw failure }
    #expect(error?.isRetryable == isRetryable)
  }
}
