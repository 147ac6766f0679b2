import EVM
import MPPClient
import MPPCore
import MPPTempo
import Tempo

/// A session challenge, typed and checked against what this client accepts. Everything in it is the server's word.
struct SessionTerms: Sendable {
  let challenge: Challenge
  let price: Amount
  let token: Address
  let payee: Address
  let `operator`: Address
  let escrow: Address
  let chainID: UInt64?
  let feePayer: Bool
  let feeToken: Address?
  let minimumDelta: Amount?
  let suggestedDeposit: Amount?
  let unit: String
  /// Decoded strictly; a malformed snapshot is none (C9).
  let snapshot: SessionSnapshot?

  /// - Returns: nil for another protocol (`v1`, or one not known).
  static func read(_ challenge: Challenge, options: TempoSessionOptions) throws(PaymentClientError)
    -> SessionTerms?
  {
    let value = challenge.request.value()
    guard value["methodDetails"]?["sessionProtocol"]?.isText("v2") == true else { return nil }
    do {
      return try SessionTerms(challenge, try SessionRequest(parsing: value), options)
    } catch let error as SessionRequestError {
      throw PaymentClientError(.invalidChallenge, "\(error)", underlying: error)
    } catch let error as PaymentClientError {
      throw error
    } catch {
      throw PaymentClientError(.invalidChallenge, "unreadable session request", underlying: error)
    }
  }

  private init(
    _ challenge: Challenge, _ request: SessionRequest, _ options: TempoSessionOptions
  ) throws(PaymentClientError) {
    guard request.amount > .zero, request.amount <= .maxUInt96 else {
      throw PaymentClientError(.invalidChallenge, "the price is out of range")
    }
    guard let token = request.currencyAddress, let payee = request.recipientAddress else {
      throw PaymentClientError(.invalidChallenge, "token and recipient must be addresses")
    }
    let expected = options.escrow ?? TempoAddress.channelReserve
    if let advertised = request.methodDetails.escrowContract?.address, advertised != expected {
      throw PaymentClientError(
        .untrustedTerms, "the session's escrow \(advertised) does not match the client's escrow \(expected)")
    }
    self.challenge = challenge
    price = request.amount
    self.token = token
    self.payee = payee
    self.operator = request.methodDetails.operator?.address ?? .zero
    escrow = expected
    chainID = request.methodDetails.chainID
    feePayer = request.methodDetails.feePayer ?? false
    feeToken = request.methodDetails.feeToken?.address
    minimumDelta = request.methodDetails.minVoucherDelta
    suggestedDeposit = request.suggestedDeposit
    unit = request.unitType
    snapshot = request.methodDetails.sessionSnapshot.flatMap { value in
      do { return try SessionSnapshot(parsing: value) } catch { return nil }
    }
  }

  /// What must not change between the attempts of one request, besides token, recipient and price.
  var scope: String { "\(escrow.hex):\(chainID.map { String($0) } ?? "-"):\(self.operator.hex)" }
}
