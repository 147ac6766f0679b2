import MPPServer
import TempoRPC

extension ChainClient {
  /// Asks the node for its chain when a server starts. One that does not answer may answer later: it is asked again before anything it
  /// says is believed.
  /// - Throws: `ConfigurationError` when the node is on another chain.
  func checkChainAtStart() async throws(ConfigurationError) {
    do throws(ChainError) {
      try await checkChain()
    } catch {
      guard error.code == .wrongChain else { return }
      throw ConfigurationError(.chain, error.message)
    }
  }
}
