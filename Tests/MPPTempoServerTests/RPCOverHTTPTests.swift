import PeerSupport

#if Client
  import EVM
  import MPPCore
  import TempoDevnet
  import TempoRPC
  import Testing

  /// The HTTP transport against a node on a real socket.
  @Suite struct RPCOverHTTPTests {
    func withNode(
      _ body: (Devnet, ChainClient, AsyncHTTPRPCTransport) async throws -> Void
    ) async throws {
      let devnet = try Harness.chain()
      let port = try await devnet.start()
      let transport = AsyncHTTPRPCTransport(url: "http://127.0.0.1:\(port)", answerBytes: 64 * 1_024)
      let client = ChainClient(transport: transport, clock: devnet.clock, sleeper: DevnetSleeper(devnet))
      do {
        try await body(devnet, client, transport)
      } catch {
        await devnet.shutdown()
        throw error
      }
      await devnet.shutdown()
    }

    func error(
      _ body: () async throws(RPCTransportError) -> [UInt8]
    ) async -> RPCTransportError? {
      do {
        _ = try await body()
        return nil
      } catch {
        return error
      }
    }

    let request = Array(#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}"#.utf8)

    @Test func readsAndErrorsComeThrough() async throws {
      try await withNode { devnet, client, _ in
        let chainID = try await client.chainID()
        #expect(chainID == 42_431)
        let balance = try await client.balance(of: devnet.accounts[0].address, token: Harness.token)
        #expect(balance > 0)
        await #expect(throws: ChainError.self) { try await client.sendRawTransaction([0x76]) }
      }
    }

    @Test func faultsOfTheConnectionAreToldApart() async throws {
      try await withNode { devnet, _, transport in
        func fault(_ action: FaultAction) async -> RPCTransportError? {
          devnet.faults.inject(.method("eth_chainId"), action)
          return await error { () async throws(RPCTransportError) in
            try await transport.send(request, timeoutMilliseconds: 300)
          }
        }
        #expect(await fault(.loseReply)?.mayHaveBeenReceived == true)
        #expect(await fault(.http(status: 503))?.status == 503)
        let limited = await fault(.http(status: 429, retryAfterSeconds: 2))
        #expect(limited?.code == .rateLimited)
        #expect(limited?.retryAfterMilliseconds == 2_000)
        #expect(await fault(.hang(milliseconds: 3_000))?.code == .timeout)
      }
    }

    @Test func aNodeThatIsNotThereHasNotReceivedAnything() async throws {
      let devnet = try Harness.chain()
      let port = try await devnet.start()
      await devnet.shutdown()
      let transport = AsyncHTTPRPCTransport(url: "http://127.0.0.1:\(port)")
      let failure = await error { () async throws(RPCTransportError) in
        try await transport.send(request, timeoutMilliseconds: 2_000)
      }
      #expect(failure?.mayHaveBeenReceived == false)
      #expect(failure?.code == .connectionFailed, "\(failure?.message ?? "")")
    }
  }
#endif
