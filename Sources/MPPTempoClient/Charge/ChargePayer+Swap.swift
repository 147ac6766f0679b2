import EVM
import MPPClient
import MPPCore
import MPPTempo
import Tempo
import TempoRPC

extension ChargePayer {
  /// The exchange in front of the payments of a charge.
  struct Exchange: Sendable {
    let calls: [Call]
    /// What it may take, in base units of the token that is given.
    let maximumInput: Amount
  }

  /// The exchange that a charge needs: nil when the account can pay as it is, or the user wants none.
  ///
  /// - Throws: `.refusedByPolicy` when there is nothing to exchange; nothing was signed.
  func exchange(_ terms: ChargeTerms, _ client: ChainClient) async throws -> Exchange? {
    guard let swap = options.autoSwap else { return nil }
    let needed = terms.request.amount
    guard try await client.balance(of: account.address, token: terms.token) < needed.units else { return nil }
    for token in candidates(swap, instead: terms.token) {
      let balance = try await held(token, client)
      guard balance > 0, let quote = try await quote(token, terms.token, needed, client),
        let most = swap.maximumInput(for: quote), most <= balance,
        // A bad rate does not make a charge dearer than the policy allows, but for the slippage.
        let limit = swap.maximumInput(for: environment.policy.maximumPrice.units), most <= limit
      else { continue }
      let order = SwapExactAmountOut(
        tokenIn: token, tokenOut: terms.token, amountOut: needed.units, maxAmountIn: most)
      return Exchange(
        calls: [
          Call(to: token, data: try TIP20ABI.approveCalldata(spender: TempoAddress.dex, amount: most)),
          Call(to: TempoAddress.dex, data: try order.calldata()),
        ], maximumInput: Amount(units: most))
    }
    throw PaymentClientError(
      .refusedByPolicy,
      "the account has too little of \(terms.token), and no allowed token that can be exchanged for it")
  }

  /// Zero of what is no token on this chain.
  private func held(_ token: Address, _ client: ChainClient) async throws(ChainError) -> UInt128 {
    do {
      return try await client.balance(of: account.address, token: token)
    } catch {
      guard error.code == .reverted || error.code == .invalidAnswer else { throw error }
      return 0
    }
  }

  private func candidates(_ swap: AutoSwap, instead target: Address) -> [Address] {
    var tokens: [Address] = []
    for token in swap.tokens + [TempoAddress.pathUSD, TempoAddress.usdcE]
    where token != target && !tokens.contains(token) && environment.policy.allows(token: token.hex) {
      tokens.append(token)
    }
    return tokens
  }

  /// Nil for a pair that is not exchanged, or not in this amount.
  private func quote(
    _ given: Address, _ wanted: Address, _ amount: Amount, _ client: ChainClient
  ) async throws -> UInt128? {
    do throws(ChainError) {
      return try await client.swapQuote(given, for: amount, of: wanted)
    } catch {
      guard error.code == .reverted || error.code == .rejected || error.code == .invalidAnswer else {
        throw error
      }
      return nil
    }
  }
}
