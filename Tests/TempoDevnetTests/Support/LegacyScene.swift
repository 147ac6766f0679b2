import EVM
import MPPCore
import Tempo
import TempoDevnet

/// A v1 stream contract that the payer has deployed, and one channel in it (`03` §15 C).
struct LegacyScene {
  static let initCode: [UInt8] = Array("creation code of a v1 stream contract".utf8)

  let h: Harness
  let escrow: Address
  let salt = Hash32.zero
  var token = TempoAddress.pathUSD

  static func harness() throws -> Harness {
    try Harness { $0.extraLegacyEscrowInitCode = Keccak256.hash(initCode) }
  }

  var channel: LegacyChannel {
    LegacyChannel(
      payer: h.payer.address, payee: h.payee.address, token: token, salt: salt, authorizedSigner: .zero)
  }

  var id: Hash32 { channel.channelID(escrow: escrow, chainID: 1337) }

  func call(_ function: ABIFunction, _ arguments: [ABIValue]) throws -> Call {
    Call(to: escrow, data: try function.encode(arguments))
  }

  func approve(_ amount: UInt64) throws -> Call {
    Call(
      to: TempoAddress.pathUSD,
      data: try TIP20Call.approve(spender: escrow, amount: UInt256(amount)).calldata())
  }

  func openCall(
    payee: Address? = nil, token: Address? = nil, deposit: UInt64 = 10_000_000
  ) throws -> Call {
    try call(
      LegacyEscrowABI.open,
      [
        .address(payee ?? h.payee.address), .address(token ?? self.token), .uint(deposit), .bytes32(salt),
        .address(.zero),
      ])
  }

  @discardableResult
  func open() async throws -> DevnetReceipt {
    try await h.send(approve(10_000_000), openCall(), from: h.payer)
  }

  func digest(_ amount: UInt64) throws -> Hash32 {
    let domain = EIP712.domainSeparator(escrow)
    let type = Keccak256.hash(utf8: "Voucher(bytes32 channelId,uint128 cumulativeAmount)")
    let body = Keccak256.hash(type.bytes + id.bytes + UInt256(amount).bytes32)
    return Keccak256.hash([0x19, 0x01] + domain.bytes + body.bytes)
  }

  private enum EIP712 {
    static func domainSeparator(_ escrow: Address) -> Hash32 {
      let type = Keccak256.hash(
        utf8: "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
      return Keccak256.hash(
        type.bytes + Keccak256.hash(utf8: "Tempo Stream Channel").bytes + Keccak256.hash(utf8: "1").bytes
          + UInt256(1337 as UInt64).bytes32 + escrow.word.bytes)
    }
  }

  func voucher(_ amount: UInt64, by signer: DevnetAccount? = nil) throws -> [UInt8] {
    (signer ?? h.payer).privateKey.sign(try digest(amount)).bytes65
  }

  @discardableResult
  func settle(
    _ amount: UInt64, signature: [UInt8]? = nil, by account: DevnetAccount? = nil
  ) async throws -> DevnetReceipt {
    try await h.send(
      call(
        LegacyEscrowABI.settle,
        [.bytes32(id), .uint(amount), .bytes(try signature ?? voucher(amount))]), from: account ?? h.payee)
  }

  @discardableResult
  func close(
    _ amount: UInt64, signature: [UInt8]? = nil, by account: DevnetAccount? = nil
  ) async throws -> DevnetReceipt {
    try await h.send(
      call(
        LegacyEscrowABI.close, [.bytes32(id), .uint(amount), .bytes(try signature ?? voucher(amount))]),
      from: account ?? h.payee)
  }

  @discardableResult
  func topUp(_ amount: UInt64, by account: DevnetAccount? = nil) async throws -> DevnetReceipt {
    try await h.send(
      approve(amount), call(LegacyEscrowABI.topUp, [.bytes32(id), .uint(amount)]), from: account ?? h.payer)
  }

  @discardableResult
  func requestClose(by account: DevnetAccount? = nil) async throws -> DevnetReceipt {
    try await h.send(call(LegacyEscrowABI.requestClose, [.bytes32(id)]), from: account ?? h.payer)
  }

  @discardableResult
  func withdraw(by account: DevnetAccount? = nil) async throws -> DevnetReceipt {
    try await h.send(call(LegacyEscrowABI.withdraw, [.bytes32(id)]), from: account ?? h.payer)
  }

  func read(_ function: ABIFunction, _ arguments: [ABIValue]) async throws -> [ABIValue] {
    let data = try function.encode(arguments)
    let answer = try await h.rpc(
      "eth_call", ["to": .string(escrow.hex), "data": .string(Hex.encode(data))], "latest")
    return try function.decodeReturn(try Hex.decode(answer.stringValue ?? ""), form: .canonical)
  }

  func state() async throws -> [ABIValue] {
    try await read(LegacyEscrowABI.getChannel, [.bytes32(id)])[0].members()
  }

  func log(_ event: ABIEvent, _ values: [UInt64] = []) throws -> Log {
    let parties: [ABIValue] = [.bytes32(id), .address(h.payer.address), .address(h.payee.address)]
    let encoded = try event.encode(parties + values.map { ABIValue.uint($0) })
    return Log(address: escrow, topics: encoded.topics, data: encoded.data)
  }

  func approval(_ amount: UInt64) -> Log {
    Log(
      address: TempoAddress.pathUSD,
      topics: [
        Keccak256.hash(utf8: "Approval(address,address,uint256)"), h.payer.address.word, escrow.word,
      ], data: UInt256(amount).bytes32)
  }
}
