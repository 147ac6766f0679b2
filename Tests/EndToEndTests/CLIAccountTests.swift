import Foundation
import MPPCore
import Testing

@Suite("mpp account", .timeLimit(.minutes(2)))
struct CLIAccountTests {
  private func mode(_ path: String) throws -> Int {
    try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  @Test func aNewAccountIsInAFileOfItsOwnerAndCanPayOnceItIsFunded() async throws {
    try await CLIProgram.withMarket { market in
      let file = market.mpp.folder + "/payer.key"
      let created = try await market.account("create", file, "--json")
      #expect(created.exit == .code(0), "\(created.errorText)")
      let address = try #require(created.event("account")?["address"]?.stringValue)
      #expect(try mode(file) & 0o777 == 0o600)
      let key = try String(contentsOfFile: file, encoding: .utf8)
      #expect(key.hasPrefix("0x") && key.count == 67)
      #expect(!created.output.joined().contains(key.dropLast()))
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: market.mpp.folder).filter { $0.contains(".new-") }
          .isEmpty)

      let empty = try await market.account("balance", "--key", file, "--json")
      #expect(empty.event("balance")?["amount"]?.stringValue == "0")
      #expect(empty.event("balance")?["address"]?.stringValue == address)
      let poor = try await market.mpp.run(
        ["request", market.serverURL + "/charge", "--key", file, "--max-price", "0.01"],
        environment: ["MPP_RPC_URL": market.chainURL])
      #expect(poor.exit == .code(75))

      let funded = try await market.account("fund", "--key", file, "--json")
      #expect(funded.exit == .code(0), "\(funded.errorText)")
      #expect(funded.event("funded")?["transactions"]?.arrayValue?.isEmpty == false)
      let rich = try await market.account("balance", address, "--json")
      #expect(rich.event("balance")?["amount"]?.stringValue == "1000000000000")
      let paid = try await market.mpp.run(
        ["request", market.serverURL + "/charge", "--key", file, "--max-price", "0.01"],
        environment: ["MPP_RPC_URL": market.chainURL])
      #expect(paid.exit == .code(0), "\(paid.errorText)")
    }
  }

  @Test func aKeyIsNeverOverwritten() async throws {
    try await CLIProgram.inFolder { mpp in
      let file = mpp.folder + "/key"
      #expect(try await mpp.run(["account", "create", file]).exit == .code(0))
      let before = try Data(contentsOf: URL(filePath: file))
      let second = try await mpp.run(["account", "create", file])
      #expect(second.exit == .code(64))
      #expect(second.errorText.contains("exists"))
      #expect(try Data(contentsOf: URL(filePath: file)) == before)
      // A link that leads nowhere is something too.
      let link = mpp.folder + "/link"
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: mpp.folder + "/target")
      #expect(try await mpp.run(["account", "create", link]).exit == .code(64))
      #expect(!FileManager.default.fileExists(atPath: mpp.folder + "/target"))
      #expect(try await mpp.run(["account", "create", mpp.folder + "/no/such/folder/key"]).exit == .code(64))
    }
  }

  @Test func twoAtOnceMakeOneKeyAndOneError() async throws {
    try await CLIProgram.inFolder { mpp in
      let file = mpp.folder + "/key"
      async let first = mpp.run(["account", "create", file, "--json"])
      async let second = mpp.run(["account", "create", file, "--json"])
      let results = try await [first, second]
      #expect(results.count { $0.exit == .code(0) } == 1)
      #expect(results.count { $0.exit == .code(64) } == 1)
      let addresses = results.compactMap { $0.event("account")?["address"]?.stringValue }
      let address = try #require(addresses.first)
      let shown = try await mpp.withChain { chain in
        try await mpp.run(
          ["account", "balance", "--key", file, "--json"], environment: ["MPP_RPC_URL": chain])
      }
      #expect(shown.event("balance")?["address"]?.stringValue == address)
    }
  }

  @Test func aKeyThatOthersMayReadIsRefused() async throws {
    try await CLIProgram.inFolder { mpp in
      let file = mpp.folder + "/key"
      _ = try await mpp.run(["account", "create", file])
      for permissions in [0o644, 0o640, 0o604, 0o660] {
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: file)
        let result = try await mpp.run(
          ["account", "balance", "--key", file], environment: ["MPP_RPC_URL": "http://127.0.0.1:9"])
        #expect(result.exit == .code(64))
        #expect(result.errorText.contains("chmod 600"))
      }
    }
  }

  @Test func mistakesSayWhatToDo() async throws {
    try await CLIProgram.inFolder { mpp in
      for arguments in [
        ["balance"], ["balance", "0x12", "--rpc", "http://127.0.0.1:9"], ["create"],
        ["balance", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"],
      ] {
        let result = try await mpp.run(["account"] + arguments)
        #expect(result.exit == .code(64), "\(arguments) \(result.errorText)")
      }
      let unreachable = try await mpp.run([
        "account", "balance", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "--rpc", "http://127.0.0.1:9",
      ])
      #expect(unreachable.exit == .code(7))
      try await mpp.withChain(["--no-faucet"]) { chain in
        let dry = try await mpp.run(["account", "fund", "--key", "devnet:1", "--rpc", chain])
        #expect(dry.exit == .code(1))
      }
    }
  }
}
