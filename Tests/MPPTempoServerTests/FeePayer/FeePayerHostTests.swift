import EVM
import MPPCore
import MPPServer
import Tempo
import TempoDevnet
import Testing

@testable import MPPTempoServer

/// What a host may be configured as; every mistake shows when the server is made.
@Suite struct FeePayerHostTests {
  private func refusal(
    _ host: FeePayerHost, _ change: (inout FeePayerOptions) -> Void = { _ in }
  ) async throws -> ConfigurationError? {
    var feePayer = FeePayerOptions(host: host)
    change(&feePayer)
    do {
      _ = try await ChargeHarness { $0.feePayer = feePayer }
      return nil
    } catch let error as ConfigurationError {
      return error
    }
  }

  @Test("Values that cannot work are refused")
  func values() async throws {
    var host = HostWire(try Harness.chain()).host(sponsor: nil)
    #expect(try await refusal(host) == nil)
    #expect(try await refusal(host) { $0.feeToken = TempoAddress.pathUSD }?.code == .feePayer)
    #expect(try await refusal(host) { $0.furtherFeeTokens = [TempoAddress.alphaUSD] }?.code == .feePayer)
    host.feeTokens = []
    #expect(try await refusal(host)?.code == .feePayer)
    host.feeTokens = nil
    for milliseconds: Int64 in [0, 20_001] {
      host.timeoutMilliseconds = milliseconds
      #expect(try await refusal(host)?.code == .feePayer)
    }
  }

  #if Client
    @Test(
      "https anywhere, http on this machine only",
      arguments: [
        "https://sponsor.example.com", "https://sponsor.example.com/v1?key=abc",
        "HTTPS://Sponsor.example:8443/",
        "http://localhost:8545/sponsor", "http://127.0.0.1:8545", "http://127.1.2.3/", "http://[::1]:8545/x",
      ])
    func safe(_ url: String) async throws {
      #expect(try await refusal(.url(url)) == nil)
    }

    @Test(
      "Other addresses are refused, and not repeated in the error",
      arguments: [
        "", "sponsor.example.com", "https://", "http://", "ftp://sponsor.example.com", "https:///path",
        "http://sponsor.example.com", "http://127.0.0.1.example.com", "http://127.0.0.1@example.com",
        "https://user:secret@example.com", "http://localhost.example.com", "http://[::2]/",
        "http://127.0.0.256/",
        "https://example.com:70000", "https://example.com:x", "https://exa mple.com",
        "https://example.com/#x",
        "http://localhost\\@example.com", "https://[::1", "http://128.0.0.1",
      ])
    func unsafe(_ url: String) async throws {
      let error = try await refusal(.url(url))
      #expect(error?.code == .feePayer)
      #expect(error?.message.contains("example") == false)
    }
  #endif

  @Test("A known sponsor has one budget, whoever asks it; an unknown one has that of its host")
  func budgets() throws {
    let devnet = try Harness.chain()
    let wire = HostWire(devnet)
    #expect(wire.host(sponsor: devnet.sponsor.address).budgetAddress == devnet.sponsor.address)
    let unknown = wire.host(sponsor: nil).budgetAddress
    #expect(unknown == FeePayerHost(transport: wire, name: "devnet").budgetAddress)
    #expect(unknown != FeePayerHost(transport: wire, name: "other").budgetAddress)
  }
}
