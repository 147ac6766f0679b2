import EVM
import MPPCore

/// The state a chain begins with (`03` §3).
enum Genesis {
  enum Failure: Error, Hashable {
    /// A token's address has not the TIP-20 prefix, or is taken.
    case invalidTokenAddress(String)
    /// The accounts' balances together exceed the supply cap.
    case balancesTooLarge
  }

  static func chain(
    _ configuration: DevnetConfiguration, accounts: [DevnetAccount], faucet: DevnetAccount,
    sponsor: DevnetAccount, wall: Timestamp
  ) throws -> ChainState {
    let parameters = ChainParameters(configuration)
    let now = UInt64(max(0, ChainClock(configuration.clock).now(wall: wall).milliseconds))
    let context = World.Context(
      blockNumber: 0, timestamp: now / 1000, baseFee: parameters.baseFee, contextHash: .zero)
    let tokens = try tokens(configuration)
    var world = World(chainID: configuration.chainID, tokens: tokens, context: context)
    for token in tokens.keys {
      for account in accounts + [faucet, sponsor] {
        do {
          try world.issue(token, to: account.address, amount: UInt256(configuration.initialBalance.units))
        } catch {
          throw Failure.balancesTooLarge
        }
      }
      do { try world.issue(token, to: Addresses.dex, amount: 1_000_000_000_000) } catch {
        throw Failure.balancesTooLarge
      }
      for holder in [accounts[0], faucet] {
        for role in [
          TokenRole.administrator, TokenRole.issuer, TokenRole.pause, TokenRole.unpause,
        ] {
          world.storage[.role(token: token, role: role, holder: holder.address)] = 1
        }
      }
    }
    for escrow in Addresses.legacyEscrows {
      world.storage[.created(escrow)] = UInt256(CodeKind.legacyEscrow.rawValue)
    }
    return ChainState(parameters: parameters, world: world, genesis: now)
  }

  private static func tokens(_ configuration: DevnetConfiguration) throws -> [Address: TokenMetadata] {
    var tokens = [Addresses.pathUSD: stablecoin("pathUSD", quote: .zero)]
    tokens[Addresses.alphaUSD] = stablecoin("AlphaUSD")
    tokens[Addresses.betaUSD] = stablecoin("BetaUSD")
    tokens[Addresses.thetaUSD] = stablecoin("ThetaUSD")
    if configuration.mainnetUSDC || configuration.chainID == 4217 {
      tokens[Addresses.usdc] = stablecoin("USDC.e")
    }
    for token in configuration.extraTokens {
      guard token.address.hasTokenPrefix, tokens[token.address] == nil else {
        throw Failure.invalidTokenAddress(token.address.hex)
      }
      tokens[token.address] = TokenMetadata(
        name: token.name, symbol: token.symbol, currency: token.currency, quoteToken: Addresses.pathUSD)
    }
    return tokens
  }

  private static func stablecoin(_ name: String, quote: Address = Addresses.pathUSD) -> TokenMetadata {
    TokenMetadata(name: name, symbol: name, currency: "USD", quoteToken: quote)
  }
}
