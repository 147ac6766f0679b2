import ArgumentParser
import MPPCore
import Tempo
import TempoRPC

/// The chain a command works on.
struct ChainOptions: ParsableArguments {
  @Option(help: "Address of a node. Default: env MPP_RPC_URL, else the public node of --chain-id.")
  var rpc: String?
  @Option(name: .customLong("chain-id"), help: "The chain; others are refused. Default: what the node says.")
  var chainID: UInt64?

  /// The node's address; nothing is asked of it.
  func url() throws(CommandFailure) -> String {
    if let url = rpc ?? Environment.value("MPP_RPC_URL") {
      guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
        throw CommandFailure(
          .usage, "\(Self.shown(url)) is not the address of a node",
          hint: "an http or https address, for example http://127.0.0.1:8545")
      }
      return url
    }
    guard let chainID, chainID != TempoChain.localnet, let url = TempoChain.defaultRPC(chainID: chainID)
    else {
      throw CommandFailure(
        .usage, "which chain? There is no --rpc, no MPP_RPC_URL and no --chain-id of a public network",
        hint: "`mpp devnet` starts a chain at http://127.0.0.1:8545")
    }
    return url
  }

  /// An address without what may be a key: providers have theirs in the path, or behind a question mark.
  static func shown(_ url: String) -> String {
    let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count > 2, parts[1].isEmpty, parts[0].last == ":", parts[0].utf8.count <= 10,
      let host = parts[2].prefix(while: { $0 != "?" && $0 != "#" }).split(separator: "@").last
    else { return "(what was given)" }
    return "\(parts[0])//\(host)"
  }

  /// The chain's id as the node reports it, which must be the one asked for.
  func resolvedChainID(_ url: String) async throws -> UInt64 {
    let client = ChainClient(transport: AsyncHTTPRPCTransport(url: url), clock: SystemWallClock())
    let actual: UInt64
    do {
      actual = try await Progress.during(
        { "asking the node at \(Self.shown(url)) for its chain" }, work: { try await client.chainID() })
    } catch {
      throw CommandFailure(
        .unreachable, "the node at \(Self.shown(url)) does not answer: \(error)",
        hint: "is it running? `mpp devnet` starts a chain at http://127.0.0.1:8545")
    }
    guard chainID == nil || chainID == actual else {
      throw CommandFailure(
        .usage, "the node at \(Self.shown(url)) is on chain \(actual), not \(chainID ?? 0)")
    }
    return actual
  }
}
