package import EVM
import MPPCore
package import Tempo

/// Asks a hosted fee payer for its signature (`02` §6.5). One question is one attempt: the payer's repetition asks again.
package struct FeePayerHostClient: Sendable {
  /// Bytes of one answer: the longest transaction twice, in hexadecimal, and room for the rest.
  package static let answerBytes = 1 << 20

  private let transport: any RPCTransport
  private let timeoutMilliseconds: Int64

  package init(transport: any RPCTransport, timeoutMilliseconds: Int64) {
    self.transport = transport
    self.timeoutMilliseconds = timeoutMilliseconds
  }

  /// The token and the signature for a transaction that was handed over. Nobody has checked yet who signed.
  package func fill(
    _ transaction: TempoTransaction, from sender: Address
  ) async throws(FeePayerHostError) -> FeePayerFill {
    let request = JSONRPC.request(
      id: 1, method: "eth_fillTransaction",
      params: [TransactionObject.json(FeePayerFill.request(transaction, from: sender))])
    let answer: [UInt8]
    do { answer = try await transport.send(request, timeoutMilliseconds: timeoutMilliseconds) } catch {
      throw Self.failure(error)
    }
    guard answer.count <= Self.answerBytes else { throw .tooLarge }
    let result = try Self.result(of: answer)
    do {
      return try FeePayerFill(answer: RPCValue(result), to: transaction, from: sender)
    } catch {
      switch error {
      case .invalidField(let name): throw .field(name)
      case .signature: throw .signature
      default: throw .field("transaction")
      }
    }
  }

  private static func result(of answer: [UInt8]) throws(FeePayerHostError) -> JSONValue {
    do {
      return try JSONRPC.result(of: answer, id: 1, limits: RPCAnswerLimits.json(bytes: answerBytes))
    } catch let error as JSONRPCError {
      // The same codes as those of a node that cannot answer now.
      throw ErrorClassifier.read(error).code == .unavailable
        ? .unavailable("\(error.code) \(error.message)") : .refused(code: error.code, message: error.message)
    } catch {
      throw .invalidAnswer
    }
  }

  private static func failure(_ error: RPCTransportError) -> FeePayerHostError {
    switch error.code {
    case .answerTooLarge: return .tooLarge
    case .httpStatus:
      let status = error.status ?? 0
      return status >= 500 || status == 408 ? .unavailable("status \(status)") : .status(status)
    case .connectionFailed, .connectionLost, .timeout, .rateLimited, .cancelled:
      return .unavailable(error.code.rawValue)
    }
  }
}

extension RPCValue {
  /// Whole numbers become quantities, as some hosts write them. Others are no value of this interface.
  fileprivate init(_ value: JSONValue) {
    switch value {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .string(value < 0 ? "" : Hex.quantity(UInt64(value)))
    case .number: self = .string("")
    case .string(let text): self = .string(text)
    case .array(let values): self = .array(values.map(RPCValue.init))
    case .object(let members): self = .object(members.map { .init($0.key, RPCValue($0.value)) })
    }
  }
}
