package import EVM
import HTTPTypes
package import MPPCore
package import MPPServer
import MPPTempo
import Tempo
package import TempoDevnet
import TempoRPC

/// Opens channels on the embedded chain, through the server as every payer does.
package struct ChannelOpener: Sendable {
  package let devnet: Devnet
  package let server: PaymentServer
  package let route: Route
  package let payee: Address
  private let planner: TransactionPlanner

  package init(devnet: Devnet, server: PaymentServer, route: Route, payee: Address) {
    self.devnet = devnet
    self.server = server
    self.route = route
    self.payee = payee
    planner = TransactionPlanner(
      client: ChainClient(transport: InProcessTransport(devnet: devnet), clock: devnet.clock),
      chainID: devnet.chainID)
  }

  package static func challenge(_ server: PaymentServer, _ route: Route) async throws -> Challenge {
    let request = PaymentRequest(method: .get, path: PaidService.path)
    guard case .challenge(let response) = await server.authorize(request, for: route),
      let challenge = try ChallengeList(fields: response.headers).challenges.first
    else { throw BenchFailure("the server asked for no payment") }
    return challenge
  }

  /// Opens the channel with this number; the first price is paid with it, and the receipt for it returned.
  package func open(_ number: Int) async throws -> (channel: BenchChannel, receipt: String) {
    let account = devnet.accounts[1 + number % (devnet.accounts.count - 1)]
    var salt = [UInt8](repeating: 0, count: 32)
    salt[30] = UInt8(number >> 8 & 255)
    salt[31] = UInt8(number & 255)
    let calldata = try ChannelReserveABI.openCalldata(
      payee: payee, operator: .zero, token: TempoAddress.pathUSD, deposit: PaidService.deposit,
      salt: try Hash32(salt), authorizedSigner: .zero)
    let transaction = try await planner.plan(
      calls: [Call(to: TempoAddress.channelReserve, data: calldata)], from: account.address,
      feeToken: TempoAddress.pathUSD)
    let signed = try SignedTempoTransaction(
      transaction, signature: .secp256k1(account.privateKey.sign(transaction.signingHash())))
    let descriptor = ChannelDescriptor(
      payer: account.address, payee: payee, operator: .zero, token: TempoAddress.pathUSD,
      salt: try Hash32(salt), authorizedSigner: .zero,
      expiringNonceHash: transaction.expiringNonceHash(sender: account.address))
    let channel = BenchChannel(
      descriptor: descriptor, key: account.privateKey, chainID: devnet.chainID)
    let payload = SessionPayload.open(
      .init(
        channelID: channel.id, descriptor: descriptor, transaction: signed.serialized,
        cumulativeAmount: Amount(units: PaidService.priceUnits),
        signature: try channel.signature(PaidService.priceUnits)))
    let credential = Credential(
      challenge: try await Self.challenge(server, route), payload: payload.jsonValue,
      source: channel.source)
    let request = PaymentRequest(
      method: .get, path: PaidService.path, headers: [.authorization: credential.serialized()])
    switch await server.authorize(request, for: route) {
    case .proceed(let payment):
      await payment.delivered()
      return (channel, payment.receipt)
    case .challenge(let response), .management(let response), .problem(let response):
      throw BenchFailure(
        "a channel could not be opened: \(response.status) \(String(decoding: response.body, as: UTF8.self))")
    }
  }
}
