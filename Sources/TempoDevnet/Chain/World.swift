import EVM
import Tempo

/// The machine that calls run on: state, the transaction they belong to, the logs they write.
///
/// Contracts are extensions of this type. A call either returns or throws a ``Revert``; the caller rolls the
/// storage back to its checkpoint then.
struct World: Sendable {
  struct Context: Sendable {
    var blockNumber: UInt64
    /// Seconds.
    var timestamp: UInt64
    var baseFee: UInt128
    /// See ``ChainTransaction/contextHash``; a sentinel in simulations.
    var contextHash: Hash32
    /// The account whose transaction runs.
    var origin = Address.zero
    /// The access key that signed it; zero for the root key.
    var transactionKey = Address.zero
    var parentHash = Hash32.zero
  }

  let chainID: UInt64
  /// Domain separator of voucher signatures.
  let reserveDomain: Hash32
  var tokens: [Address: TokenMetadata]
  var storage = Storage()
  /// Call scopes under their digests, which is what storage keeps of them; only ever added to.
  var scopeTable: [Hash32: CallScopes] = [:]
  var context: Context
  private(set) var logs: [Log] = []
  /// Gas of the operations so far, without intrinsic and storage gas.
  private(set) var operationGas: UInt64 = 0
  /// Channels opened by the running transaction, also those it has closed again.
  var opened: Set<Hash32> = []
  /// Multicalls around the running call.
  var depth = 0

  init(chainID: UInt64, tokens: [Address: TokenMetadata], context: Context) {
    self.chainID = chainID
    self.tokens = tokens
    self.context = context
    reserveDomain = ReserveDomain.separator(chainID: chainID)
  }

  mutating func begin(_ context: Context) {
    self.context = context
    logs = []
    operationGas = 0
    opened = []
    storage.resetNewCells()
  }

  /// State and logs as they are now, to come back to.
  var mark: (storage: Int, logs: Int) { (storage.checkpoint, logs.count) }

  mutating func rollBack(to mark: (storage: Int, logs: Int)) {
    storage.rollBack(to: mark.storage)
    if logs.count > mark.logs { logs.removeLast(logs.count - mark.logs) }
  }

  mutating func emit(_ address: Address, _ topics: [Hash32], _ data: [UInt8] = []) {
    logs.append(Log(address: address, topics: topics, data: data))
  }

  mutating func charge(_ gas: UInt64) { operationGas += gas }

  /// Runs one call and returns its data. The caller owns the roll-back.
  mutating func call(_ target: Address, _ data: [UInt8], from caller: Address) throws(Revert) -> [UInt8] {
    if target.hasTokenPrefix {
      guard tokens[target] != nil else { throw Revert.uninitialized }
      return try callToken(target, try arguments(data), from: caller)
    }
    switch target {
    case Addresses.reserve: return try callReserve(try arguments(data), from: caller)
    case Addresses.feeManager: return try callFeeManager(try arguments(data), from: caller)
    case Addresses.nonceManager: return try callNonceManager(try arguments(data))
    case Addresses.keychain: return try callKeychain(try arguments(data), from: caller)
    case Addresses.signatureVerifier: return try callSignatureVerifier(try arguments(data))
    case Addresses.dex: return try callDEX(try arguments(data), from: caller)
    case Addresses.multicall3: return try callMulticall(data)
    default:
      if codeKind(of: target) == .legacyEscrow {
        return try callLegacyEscrow(target, data, from: caller)
      }
      charge(3_000)
      guard Addresses.precompilesWithoutFunctions.contains(target) else { return [] }
      throw Revert.unknownFunction(try arguments(data).selector)
    }
  }

  /// `0xef` at tokens and precompiles, `0xfe` at what is a compiled contract elsewhere, nothing at accounts.
  func code(at address: Address) -> [UInt8] {
    if address.hasTokenPrefix { return tokens[address] == nil ? [] : [0xef] }
    switch address {
    case Addresses.reserve, Addresses.feeManager, Addresses.nonceManager, Addresses.keychain,
      Addresses.signatureVerifier, Addresses.dex:
      return [0xef]
    case Addresses.multicall3: return [0xfe]
    default:
      if codeKind(of: address) == .legacyEscrow { return [0xfe] }
      return Addresses.precompilesWithoutFunctions.contains(address) ? [0xef] : []
    }
  }

  private func arguments(_ data: [UInt8]) throws(Revert) -> Calldata {
    guard let arguments = Calldata(data) else { throw Revert.empty }
    return arguments
  }
}

/// What a token says about itself; fixed when the token is made.
struct TokenMetadata: Sendable, Hashable {
  let name: String
  let symbol: String
  let currency: String
  let quoteToken: Address
}
