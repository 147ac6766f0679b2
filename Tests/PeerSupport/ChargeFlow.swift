package import EVM
package import MPPCore
package import Tempo
package import Testing

/// A way to pay a charge: who signs, who sends, who pays the fee, out of which token, and what is asked for.
package struct ChargeFlow: Sendable, Hashable, CustomTestStringConvertible {
  package enum Way: String, Sendable, Hashable { case pull, push, proof }

  package struct Traits: OptionSet, Sendable, Hashable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// The seller pays the fee.
    package static let sponsored = Traits(rawValue: 1)
    /// An access key signs, and registers itself with its first payment; for a proof it is registered already.
    package static let accessKey = Traits(rawValue: 2)
    /// The payer has none of the token that is asked for.
    package static let exchange = Traits(rawValue: 4)
    /// Others have a share in the price.
    package static let splits = Traits(rawValue: 8)
    /// The seller names the memo.
    package static let memo = Traits(rawValue: 16)
    /// Somebody at a URL pays the fee for the seller; servers only.
    package static let hosted = Traits(rawValue: 32)

    fileprivate static let names: [(Traits, String)] = [
      (.sponsored, "sponsored"), (.accessKey, "access key"), (.exchange, "exchange"), (.splits, "splits"),
      (.memo, "memo"), (.hosted, "hosted"),
    ]
  }

  package let way: Way
  private let traits: Traits

  private init(_ way: Way, _ traits: Traits = []) {
    self.way = way
    self.traits = traits
  }

  package static let all: [ChargeFlow] = [
    ChargeFlow(.pull), ChargeFlow(.push), ChargeFlow(.proof), ChargeFlow(.pull, .sponsored),
    ChargeFlow(.pull, .accessKey), ChargeFlow(.push, .accessKey), ChargeFlow(.proof, .accessKey),
    ChargeFlow(.pull, [.accessKey, .sponsored]),
    ChargeFlow(.pull, .exchange), ChargeFlow(.push, .exchange), ChargeFlow(.pull, [.exchange, .sponsored]),
    ChargeFlow(.pull, .splits), ChargeFlow(.push, .splits), ChargeFlow(.pull, [.splits, .sponsored]),
    ChargeFlow(.pull, .memo), ChargeFlow(.push, .memo), ChargeFlow(.pull, [.memo, .sponsored]),
    ChargeFlow(.pull, [.accessKey, .exchange]), ChargeFlow(.push, [.accessKey, .splits, .memo]),
    ChargeFlow(.pull, [.accessKey, .exchange, .splits, .memo, .sponsored]),
  ]
  /// Those whose fee a host pays, in pathUSD or BetaUSD as it likes.
  package static let hosted: [ChargeFlow] = [
    ChargeFlow(.pull, [.sponsored, .hosted]),
    ChargeFlow(.pull, [.accessKey, .exchange, .splits, .memo, .sponsored, .hosted]),
  ]
  /// Those that move money.
  package static let payments = all.filter { $0.way != .proof }

  /// The payer's own key and token, one recipient; the seller may pay the fee.
  package static let plain = all.filter { $0.traits.isSubset(of: .sponsored) }
  /// The same by an access key.
  package static let delegated = all.filter { $0.traits.subtracting(.sponsored) == .accessKey }

  package func has(_ trait: Traits) -> Bool { traits.contains(trait) }

  package var testDescription: String {
    let names = Traits.names.filter { has($0.0) }.map(\.1)
    return names.isEmpty ? way.rawValue : "\(way.rawValue) (\(names.joined(separator: ", ")))"
  }

  // MARK: The offer

  /// Base units.
  package static let price: UInt128 = 10_000
  package static let shares: [UInt128] = [1_000, 2_000]
  package static let memo = UInt256(0x5e5e_5e5e as UInt64).word

  /// What is asked for; the payer always gives pathUSD.
  package var token: Address { has(.exchange) ? TempoAddress.alphaUSD : TempoAddress.pathUSD }

  /// Base units of one payment that stay with the seller.
  package var sellersShare: UInt128 {
    has(.splits) ? Self.shares.reduce(Self.price) { $0 - $1 } : Self.price
  }

  /// Options of the offer.
  /// - Parameter others: who has the shares.
  package func members(_ others: [Address]) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    if has(.memo) { members.append(.init(key: "memo", value: .string(Self.memo.hex))) }
    if has(.splits) {
      let splits = zip(others, ["0.001", "0.002"]).map { address, amount -> JSONValue in
        ["amount": .string(amount), "recipient": .string(address.hex)]
      }
      members.append(.init(key: "splits", value: .array(splits)))
    }
    if way == .push { members.append(.init(key: "supportedModes", value: ["push"])) }
    return members
  }

  // MARK: The payer

  /// Base units an access key may spend of each token.
  package static let limit: UInt128 = 1_000_000_000

  package static let limits = [TempoAddress.pathUSD, TempoAddress.alphaUSD].map {
    SpendingLimit(token: $0, amount: UInt256(limit))
  }

  /// The exchange in front of a payment; empty when there is none.
  package func exchange() throws -> [Call] {
    guard has(.exchange) else { return [] }
    let most = Self.price + Self.price / 100
    let swap = SwapExactAmountOut(
      tokenIn: TempoAddress.pathUSD, tokenOut: token, amountOut: Self.price, maxAmountIn: most)
    return [
      Call(
        to: TempoAddress.pathUSD,
        data: try TIP20ABI.approveCalldata(spender: TempoAddress.dex, amount: most)),
      Call(to: TempoAddress.dex, data: try swap.calldata()),
    ]
  }
}
