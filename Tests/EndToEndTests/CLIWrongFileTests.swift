import Foundation
import Testing

/// A file that is named by mistake is somebody's file.
@Suite("mpp and files that are not its own", .timeLimit(.minutes(2)))
struct CLIWrongFileTests {
  private func mode(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return try #require((attributes[.posixPermissions] as? NSNumber)?.intValue) & 0o777
  }

  @Test("A wrong --ledger or --journal keeps its mode and its content, and nothing is put beside it")
  func wrongPathsAreLeftAlone() async throws {
    try await CLIProgram.withMarket { market in
      let files = FileManager.default
      let home = market.mpp.folder + "/home"
      try files.createDirectory(
        atPath: home + "/sub", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
      files.createFile(
        atPath: home + "/notes", contents: Data("not a database at all".utf8),
        attributes: [.posixPermissions: 0o644])
      let before = try files.contentsOfDirectory(atPath: home).sorted()
      let chain = ["MPP_RPC_URL": market.chainURL, "MPP_SECRET_KEY": CLIProgram.secret]
      for name in ["/notes", "/sub"] {
        let path = home + name
        let served = try await market.mpp.run(
          ["serve", "--key", "devnet:1", "--port", "0", "--ledger", path], environment: chain)
        #expect(served.exit == .code(65), "\(served.errorText)")
        let paid = try await market.pay("/session", ["--max-price", "0.01", "--journal", path])
        #expect(paid.exit == .code(65), "\(paid.errorText)")
        #expect(try mode(path) == (name == "/sub" ? 0o755 : 0o644), "\(name)")
        #expect(try files.contentsOfDirectory(atPath: home).sorted() == before, "\(name)")
      }
      #expect(try files.contentsOfDirectory(atPath: home + "/sub").isEmpty)
      #expect(try String(contentsOfFile: home + "/notes", encoding: .utf8) == "not a database at all")
    }
  }

  @Test("A file that becomes the journal is for this user alone, whatever it was made with")
  func anEmptyFileBecomesPrivate() async throws {
    try await CLIProgram.withMarket { market in
      let path = market.mpp.folder + "/mine.db"
      FileManager.default.createFile(
        atPath: path, contents: Data(), attributes: [.posixPermissions: 0o644])
      let paid = try await market.pay("/session", ["--max-price", "0.01", "--journal", path])
      #expect(paid.exit == .code(0), "\(paid.errorText)")
      for name in ["", ".lock"] { #expect(try mode(path + name) == 0o600, "\(name)") }
    }
  }

  @Test("A chain that cannot be saved is not started")
  func aStateFileThatCannotBeWritten() async throws {
    try await CLIProgram.inFolder { mpp in
      for path in [mpp.folder + "/no/such/chain.json", mpp.folder] {
        let result = try await mpp.run(["devnet", "--port", "0", "--state", path])
        #expect(result.exit == .code(2), "\(path)")
        #expect(result.event("ready") == nil)
        #expect(result.errorText.contains("cannot be saved"), "\(result.errorText)")
      }
    }
  }
}
