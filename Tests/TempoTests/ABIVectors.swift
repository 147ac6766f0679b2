import EVM
import MPPCore
import Tempo
import TestSupport
import Testing

@Suite struct ABIVectors {
  private static let functions: [String: [ABIFunction]] = [
    "tip20ChannelEscrow": ChannelReserveABI.functions, "tip20": TIP20ABI.functions,
    "accountKeychain": AccountKeychainABI.functions, "feeManager": FeeManagerABI.functions,
    "stablecoinDex": StablecoinDEXABI.functions, "signatureVerifier": SignatureVerifierABI.functions,
    "nonce": NonceManagerABI.functions, "legacyEscrow": LegacyEscrowABI.functions,
    "machineSessionRouter": MachineRouterABI.functions,
  ]
  private static let events: [String: [ABIEvent]] = [
    "tip20ChannelEscrow": ChannelReserveABI.events, "tip20": TIP20ABI.events,
    "accountKeychain": AccountKeychainABI.events, "legacyEscrow": LegacyEscrowABI.events,
  ]

  @Test func abiFile() throws {
    var tally = try Tally(.abi)
    try tally.each("calls", call)
    try tally.each("results", result)
    try tally.each("events", event)
    for vector in try tally.file.group("errors") {
      tally.run(vector) {
        let signature = try vector.string("signature")
        guard let error = ContractErrors.all.first(where: { $0.signature == signature }) else {
          throw VectorError("unknown error \(signature)")
        }
        try Tally.expect(error.selector, try vector.bytes("selector"), "selector")
        if error.inputs.isEmpty {
          try Tally.expect(ContractErrors.reason(error.selector).name, error.name, "reason")
          try Tally.expect(ContractErrors.revertData(error.name), error.selector, "revert data")
        }
      }
    }
    for vector in try tally.file.group("addresses") { tally.run(vector) { try addresses(vector.value) } }
    try tally.finish()
  }

  private func function(_ vector: VectorCase) throws -> ABIFunction {
    let signature = try vector.string("signature")
    let contract = try vector.string("contract")
    guard let function = Self.functions[contract]?.first(where: { $0.signature == signature }) else {
      throw VectorError("unknown function \(contract).\(signature)")
    }
    return function
  }

  private func call(_ vector: VectorCase) throws {
    let function = try function(vector)
    let values = try Reading.abi(try vector.require("args").arrayValue ?? [], function.inputs)
    let calldata = try vector.bytes("calldata")
    try Tally.expect(function.selector, try vector.bytes("selector"), "selector")
    try Tally.expect(try function.encode(values), calldata, "calldata")
    try Tally.expect(try function.decode(calldata), values, "arguments")
    if try vector.string("contract") == "tip20ChannelEscrow" {
      try Tally.expect(try ChannelReserveCall(calldata: calldata).calldata(), calldata, "typed call")
    }
    let movesTokens = ["transfer", "transferWithMemo", "transferFrom", "transferFromWithMemo", "approve"]
    if try vector.string("contract") == "tip20", movesTokens.contains(function.name) {
      try Tally.expect(try TIP20Call(calldata: calldata).calldata(), calldata, "typed call")
    }
    if function == StablecoinDEXABI.swapExactAmountOut {
      try Tally.expect(try SwapExactAmountOut(calldata: calldata).calldata(), calldata, "typed call")
    }
  }

  private func result(_ vector: VectorCase) throws {
    let function = try function(vector)
    let outputs = (try vector.require("outputs").arrayValue ?? []).compactMap(\.stringValue)
    let names = function.outputs.map { type in
      switch type {
      case .tuple: "tuple"
      case .array(.tuple): "tuple[]"
      default: type.description
      }
    }
    try Tally.expect(names, outputs, "outputs")
    let values = try Reading.abi(try vector.require("values").arrayValue ?? [], function.outputs)
    let data = try vector.bytes("data")
    try Tally.expect(try function.encodeReturn(values), data, "data")
    try Tally.expect(try function.decodeReturn(data, form: .canonical), values, "values")
    switch function {
    case ChannelReserveABI.getChannelState:
      let state = try ChannelReserveABI.decodeState(data)
      try Tally.expect(try ChannelReserveABI.encodeState(state), data, "state")
    case ChannelReserveABI.getChannelStatesBatch:
      let states = try ChannelReserveABI.decodeStates(data)
      try Tally.expect(try ChannelReserveABI.encodeStates(states), data, "states")
    case ChannelReserveABI.getChannel:
      let channel = try ChannelReserveABI.decodeChannel(data)
      try Tally.expect(
        try ChannelReserveABI.encodeChannel(descriptor: channel.descriptor, state: channel.state), data,
        "channel")
    default: break
    }
  }

  private func event(_ vector: VectorCase) throws {
    let topic = try Reading.hash(vector["topic0"])
    let contract = try vector.string("contract")
    guard let event = Self.events[contract]?.first(where: { $0.topic == topic }) else {
      throw VectorError("unknown event \(contract).\(try vector.string("signature"))")
    }
    let arguments = (try vector.require("args").objectValue ?? []).map(\.value)
    let values = try Reading.abi(arguments, event.arguments.map(\.type))
    let topics = try (try vector.require("topics").arrayValue ?? []).map { try Reading.hash($0) }
    let data = try vector.bytes("data")
    let encoded = try event.encode(values)
    try Tally.expect(encoded.topics, topics, "topics")
    try Tally.expect(encoded.data, data, "data")
    try Tally.expect(try event.decode(topics: topics, data: data), values, "values")
    if contract == "tip20ChannelEscrow" {
      let log = Log(address: TempoAddress.channelReserve, topics: topics, data: data)
      try Tally.expect(try ChannelReserveEvent(log: log)?.log(), log, "typed event")
    }
    if contract == "tip20" {
      let log = Log(address: TempoAddress.pathUSD, topics: topics, data: data)
      try Tally.expect(try TIP20Event(log: log)?.log(token: TempoAddress.pathUSD), log, "typed event")
    }
  }

  private func addresses(_ vector: JSONValue) throws {
    let known: [String: Address] = [
      "tip20ChannelEscrow": TempoAddress.channelReserve, "tip20ChannelReserve": TempoAddress.channelReserve,
      "accountImplementation": TempoAddress.accountImplementation,
      "accountKeychain": TempoAddress.keychain, "accountRegistrar": TempoAddress.accountRegistrar,
      "addressRegistry": TempoAddress.addressRegistry, "feeManager": TempoAddress.feeManager,
      "nonceManager": TempoAddress.nonceManager, "pathUsd": TempoAddress.pathUSD,
      "receivePolicyGuard": TempoAddress.receivePolicyGuard,
      "signatureVerifier": TempoAddress.signatureVerifier, "stablecoinDex": TempoAddress.dex,
      "storageCredits": TempoAddress.storageCredits, "tip20Factory": TempoAddress.tip20Factory,
      "tip403Registry": TempoAddress.tip403Registry, "validator": TempoAddress.validatorConfig,
      "validatorV2": TempoAddress.validatorConfigV2, "zoneOutbox": TempoAddress.zoneOutbox,
    ]
    for member in vector.objectValue ?? [] where member.key != "defaults" {
      guard let address = known[member.key] else { throw VectorError("unknown address \(member.key)") }
      try Tally.expect(address, try Reading.address(member.value), member.key)
    }
    let defaults = vector["defaults"]
    try Tally.expect(TempoChain.mainnet, try Reading.uint64(defaults?["chainId"]?["mainnet"]), "mainnet")
    try Tally.expect(TempoChain.moderato, try Reading.uint64(defaults?["chainId"]?["testnet"]), "testnet")
    try Tally.expect(TempoAddress.usdcE, try Reading.address(defaults?["tokens"]?["usdc"]), "usdc")
    try Tally.expect(TempoAddress.pathUSD, try Reading.address(defaults?["tokens"]?["pathUsd"]), "pathUsd")
    for chainID in [TempoChain.mainnet, TempoChain.moderato] {
      let key = String(chainID)
      try Tally.expect(
        TempoChain.legacyEscrow(chainID: chainID), try Reading.address(defaults?["escrowContract"]?[key]),
        "legacy escrow")
      try Tally.expect(TempoChain.defaultRPC(chainID: chainID), defaults?["rpcUrl"]?[key]?.stringValue, "rpc")
      let machine = defaults?["machineToken"]?[key]
      try Tally.expect(TempoAddress.machineRouter, try Reading.address(machine?["swap"]), "machine router")
      try Tally.expect(TempoAddress.machineToken, try Reading.address(machine?["token"]), "machine token")
    }
  }
}
