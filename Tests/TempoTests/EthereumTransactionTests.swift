import EVM
import Tempo
import Testing

@Suite struct EthereumTransactionTests {
  private let key: Secp256k1PrivateKey
  private let open: [UInt8]

  init() throws {
    key = try Samples.key(1)
    let salt = try Hash32([UInt8](repeating: 0x55, count: 32))
    open = try ChannelReserveABI.openCalldata(
      payee: try Samples.key(3).address, token: TempoAddress.pathUSD, deposit: 10_000_000, salt: salt,
      authorizedSigner: key.address)
  }

  private var transaction: EIP1559Transaction {
    EIP1559Transaction(
      chainID: TempoChain.moderato, nonce: 7, maxPriorityFeePerGas: 0, maxFeePerGas: 24_000_000_000,
      gas: 1_000_000, to: TempoAddress.channelReserve, data: open)
  }

  @Test func theReferencesIdentityOfAnOpenInAFeeMarketTransaction() throws {
    // `02` §18.5.
    #expect(
      transaction.expiringNonceHash(sender: key.address).hex
        == "0x5f29ac72d1bcc1f310a8ead0c229b92dc2b049dcccc7b3408c1da8f97b70189d")
  }

  @Test func signedFeeMarketTransactionsParseBack() throws {
    let signed = try transaction.signed(with: key)
    #expect(try SignedEIP1559Transaction(parsing: signed.serialized) == signed)
    #expect(try signed.recoverSender() == key.address)
    let any = try SignedTransaction(parsing: signed.serialized)
    #expect(any.hash == signed.hash)
    #expect(try any.recoverSender() == key.address)
    #expect(any.calls == [Call(to: TempoAddress.channelReserve, data: open)])
  }

  @Test func feeMarketTransactionsAreParsedStrictly() throws {
    let signed = try transaction.signed(with: key)
    let items = try RLP.decode(signed.serialized.dropFirst()).list()
    func expectRefused(_ change: (inout [RLPItem]) -> Void) {
      var changed = items
      change(&changed)
      #expect(throws: TempoError.self) {
        try SignedEIP1559Transaction(parsing: [0x02] + RLP.encode(.list(changed)))
      }
    }
    #expect(throws: TempoError.self) { try SignedEIP1559Transaction(parsing: signed.serialized + [0]) }
    expectRefused { $0[0] = .empty }
    expectRefused { $0[1] = .bytes([0]) }
    expectRefused { $0[2] = .bytes([UInt8](repeating: 9, count: 16)) }
    expectRefused { $0[5] = .bytes([1]) }
    expectRefused { $0[8] = .empty }
    expectRefused { $0[9] = .bytes([27]) }
    expectRefused { $0[10] = .empty }
    expectRefused { $0[11] = .bytes([0xff] + [UInt8](repeating: 0, count: 31)) }
    expectRefused { $0.removeLast() }
    expectRefused { $0.append(.empty) }
  }

  /// The worked example of EIP-155.
  @Test func legacyTransactionsNameTheirChain() throws {
    let raw = try Hex.decode(
      "0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080"
        + "25a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aec"
        + "b703304b3800ccf555c9f3dc64214b297fb1966a3b6d83")
    let signed = try SignedLegacyTransaction(parsing: raw)
    #expect(signed.chainID == 1)
    #expect(
      signed.signingHash().hex == "0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53")
    #expect(try signed.recoverSender().checksummed == "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F")
    #expect(try SignedTransaction(parsing: raw).hash == signed.hash)
    var items = try RLP.decode(raw).list()
    items[6] = .bytes([27])
    #expect(throws: TempoError.self) { try SignedLegacyTransaction(parsing: RLP.encode(.list(items))) }
  }
}
