import EVM
import MPPCore
import Tempo
import TempoDevnet
import TempoRPC
import Testing

/// The HTTP shell over real sockets.
@Suite struct HTTPServer {
  private func withServer(
    _ body: (Harness, Int) async throws -> Void
  ) async throws {
    let h = try Harness()
    let port = try await h.devnet.start()
    do {
      try await body(h, port)
    } catch {
      await h.devnet.shutdown()
      throw error
    }
    await h.devnet.shutdown()
  }

  private func post(
    _ body: String, host: String = "localhost", extra: String = "", length: Int? = nil
  ) -> String {
    "POST / HTTP/1.1\r\nHost: \(host)\r\nContent-Length: \(length ?? body.utf8.count)\r\n\(extra)\r\n\(body)"
  }

  private let chainID = #"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#

  @Test func oneConnectionServesManyRequests() async throws {
    try await withServer { _, port in
      let socket = try #require(RawSocket(port: port))
      for _ in 0..<3 {
        socket.write(post(chainID))
        let answer = socket.read(until: "}")
        #expect(answer.hasPrefix("HTTP/1.1 200"))
        #expect(answer.contains("content-type: application/json"))
        #expect(answer.hasSuffix(#"{"jsonrpc":"2.0","id":1,"result":"0x539"}"#))
      }
      // Pipelined: both answers, in order.
      socket.write(post(chainID) + post(#"{"jsonrpc":"2.0","id":2,"method":"net_version"}"#))
      let both = socket.read(until: "\"1337\"}")
      #expect(both.contains("0x539"))
    }
  }

  @Test func bothLoopbackAddressesListen() async throws {
    try await withServer { _, port in
      if let socket = RawSocket(port: port, ipv6: true) {
        socket.write(post(chainID, host: "[::1]:\(port)"))
        #expect(socket.read(until: "}").contains("0x539"))
      }
    }
  }

  @Test func otherAddressesAreRefused() async throws {
    let h = try Harness()
    for host in ["0.0.0.0", "::", "192.168.1.1", "example.org", "127.evil.org", ""] {
      await #expect(throws: DevnetServerError.remoteAddressRefused(host)) {
        try await h.devnet.start(host: host)
      }
    }
  }

  @Test func g14AForeignHostIsForbidden() async throws {
    try await withServer { _, port in
      for host in [
        "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[::2]", "127.0.0.256",
      ] {
        let socket = try #require(RawSocket(port: port))
        socket.write(post(chainID, host: host))
        #expect(socket.read().hasPrefix("HTTP/1.1 403"), "\(host)")
      }
      for host in ["localhost", "127.0.0.1:\(port)", "[::1]"] {
        let socket = try #require(RawSocket(port: port))
        socket.write(post(chainID, host: host))
        #expect(socket.read(until: "}").hasPrefix("HTTP/1.1 200"), "\(host)")
      }
    }
  }

  @Test func otherMethods() async throws {
    try await withServer { _, port in
      for (method, status) in [("GET", "200"), ("OPTIONS", "204"), ("PUT", "405")] {
        let socket = try #require(RawSocket(port: port))
        socket.write("\(method) / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        #expect(socket.read().hasPrefix("HTTP/1.1 \(status)"), "\(method)")
      }
    }
  }

  @Test func malformedHTTPAndJSON() async throws {
    try await withServer { h, port in
      let invalid = try #require(RawSocket(port: port))
      invalid.write("\u{1}\u{2}garbage\r\n\r\n")
      #expect(!invalid.read().contains("200 OK"))
      let parse = try #require(RawSocket(port: port))
      parse.write(post("{", extra: "Connection: close\r\n"))
      let answer = parse.read()
      #expect(answer.hasPrefix("HTTP/1.1 400"))
      #expect(answer.contains("-32700"))
      let announced = try #require(RawSocket(port: port))
      announced.write(post("", length: 5 * 1024 * 1024 + 1))
      #expect(announced.read().hasPrefix("HTTP/1.1 413"))
      let chunked = try #require(RawSocket(port: port))
      chunked.write("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
      let chunk = String(repeating: " ", count: 1 << 20)
      for _ in 0..<6 { chunked.write("100000\r\n\(chunk)\r\n") }
      #expect(chunked.read().hasPrefix("HTTP/1.1 413"))
      #expect(try await h.rpc("eth_chainId") == "0x539")
    }
  }

  @Test func faultsReachTheWire() async throws {
    try await withServer { h, port in
      h.devnet.faults.inject(.method("eth_chainId"), .loseReply)
      let lost = try #require(RawSocket(port: port))
      lost.write(post(chainID))
      #expect(lost.read() == "")
      #expect(h.devnet.requestCount("eth_chainId") == 1)
      h.devnet.faults.inject(.method("eth_chainId"), .http(status: 503, body: "x", retryAfterSeconds: 2))
      let busy = try #require(RawSocket(port: port))
      busy.write(post(chainID, extra: "Connection: close\r\n"))
      let answer = busy.read()
      #expect(answer.hasPrefix("HTTP/1.1 503"))
      #expect(answer.contains("retry-after: 2"))
      h.devnet.faults.inject(.method("eth_chainId"), .delay(milliseconds: 5))
      let late = try #require(RawSocket(port: port))
      late.write(post(chainID))
      #expect(late.read(until: "}").contains("0x539"))
    }
  }

  @Test func aSecondStartIsRefusedAndARestartWorks() async throws {
    let h = try Harness()
    let port = try await h.devnet.start()
    await #expect(throws: DevnetServerError.alreadyRunning) { try await h.devnet.start() }
    let other = try Harness()
    await #expect(throws: DevnetServerError.cannotListen(host: "127.0.0.1", port: port)) {
      try await other.devnet.start(port: port)
    }
    await h.devnet.shutdown()
    await h.devnet.shutdown()
    #expect(RawSocket(port: port) == nil)
    #expect(try await h.devnet.start() > 0)
    await h.devnet.shutdown()
  }

  @Test func theSDKsClientUnderstandsTheChain() async throws {
    try await withServer { h, port in
      let client = ChainClient(
        transport: AsyncHTTPRPCTransport(url: "http://127.0.0.1:\(port)"), clock: h.devnet.clock)
      #expect(try await client.chainID() == 1337)
      let (scene, opened) = try await ChannelScene.opened(h)
      let raw = try h.raw(
        [
          h.reserve(
            .settle(scene.descriptor, cumulativeAmount: 1_000, signature: try scene.voucher(1_000)))
        ], from: h.payee)
      let hash = try await client.sendRawTransaction(raw)
      #expect(hash == Keccak256.hash(raw))
      let receipt = try #require(try await client.receipt(hash))
      #expect(receipt.succeeded)
      #expect(receipt.logs.count == 3)
      let now = try await client.channelState(scene.id)
      #expect(now.settled == 1_000)
      #expect(opened.blockNumber == 1)
      #expect(try await client.balance(of: h.payee.address, token: TempoAddress.pathUSD) == h.units(h.payee))
    }
  }
}
