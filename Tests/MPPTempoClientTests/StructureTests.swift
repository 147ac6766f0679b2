import Foundation
import Testing

@Suite("Structure of the client")
struct StructureTests {
  /// Every line of the client's sources that is not a comment, with its file.
  private func lines() throws -> [(file: String, line: String)] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources")
    var found: [(String, String)] = []
    for target in ["MPPClient", "MPPTempoClient"] {
      let folder = root.appendingPathComponent(target)
      for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path)
      where path.hasSuffix(".swift") {
        let text = try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
        let file = String(path.split(separator: "/").last ?? "")
        for line in text.split(separator: "\n") {
          let trimmed = line.trimmingCharacters(in: .whitespaces)
          if !trimmed.hasPrefix("//") { found.append((file, trimmed)) }
        }
      }
    }
    return found
  }

  @Test("A3: one function signs vouchers, and one line in it calls the key")
  func voucherSigner() throws {
    let lines = try lines()
    #expect(lines.count > 500)
    let keyCalls = lines.filter { $0.line.contains("signer.sign(digest)") }
    #expect(keyCalls.map(\.file) == ["VoucherSigner.swift"])
    // Whoever else says `.sign(` calls the voucher signer or has a transaction signed.
    for (file, line) in lines where line.contains(".sign(") && file != "VoucherSigner.swift" {
      #expect(
        line.contains("signer.sign(amount, on: durable") || line.contains("manager.signer.sign(")
          || line.contains("chain.sign(") || line.contains("paying.sign(")
          || line.contains("ZeroAmountProof.sign("),
        "\(file): \(line)")
    }
    let digests = Set(
      lines.filter { $0.line.contains("Voucher(channelID:") && !$0.line.contains("SignedVoucher(") }.map(
        \.file))
    #expect(digests.subtracting(["VoucherSigner.swift", "ReceiptCheck.swift"]).isEmpty, "\(digests)")
  }

  @Test(
    "One place has transactions signed, after the node has named its chain and within the limit of fees (T13, T14)"
  )
  func payingChain() throws {
    let lines = try lines()
    #expect(Set(lines.filter { $0.line.contains(".signed(by:") }.map(\.file)) == ["PayingChain.swift"])
    #expect(Set(lines.filter { $0.line.contains(" ChainClient(") }.map(\.file)) == ["PayingChain.swift"])
    let plans = Set(lines.filter { $0.line.contains("TransactionPlanner(") }.map(\.file))
    #expect(plans == ["PayingChain.swift"])
  }

  @Test("A record counts as durable only where the journal has returned")
  func durableChannel() throws {
    let makers = try lines().filter { $0.line.contains("DurableChannel(") && !$0.line.contains("struct") }
    #expect(makers.allSatisfy { $0.file == "ChannelJournal.swift" })
    #expect(!makers.isEmpty)
  }

  @Test("No global hook, no clock, no randomness of its own (A7)")
  func injected() throws {
    for (file, line) in try lines() {
      for word in [
        "URLProtocol", "Date()", "SystemRandomNumberGenerator", "UInt8.random", "try!", "fatalError",
        "Task." + "sleep",
      ] {
        #expect(!line.contains(word), "\(file): \(line)")
      }
    }
  }
}
