import EVM
import MPPCore

extension FaultMatch {
  /// The members that are set.
  var json: JSONValue {
    var members: [(String, JSONValue)] = []
    if let method { members.append(("rpc", .string(method))) }
    if let path { members.append(("path", .string(path))) }
    if let from { members.append(("from", Quantity.json(from))) }
    if let to { members.append(("to", Quantity.json(to))) }
    if let selector { members.append(("selector", .string(Quantity.data(selector)))) }
    if let feePayer { members.append(("feePayer", Quantity.json(feePayer))) }
    if let hash { members.append(("hash", Quantity.hash(hash))) }
    if let channelID { members.append(("channelId", Quantity.hash(channelID))) }
    return ChainJSON.object(members)
  }
}

extension FaultAction {
  /// As `devnet_fault` names it.
  var name: String {
    switch self {
    case .rpcError: "rpcError"
    case .http: "http"
    case .delay: "delay"
    case .hang: "hang"
    case .refuse: "refuse"
    case .loseReply: "loseReply"
    case .garbage: "garbage"
    case .patchResult: "patchResult"
    case .staleReads: "staleReads"
    case .drop: "drop"
    case .hold, .holdFor: "hold"
    case .duplicate: "duplicate"
    case .outOfGas: "outOfGas"
    case .revert: "revert"
    case .hideReceipt, .hideReceiptFor: "hideReceipt"
    case .patchReceipt: "patchReceipt"
    }
  }
}

extension ChainTransaction {
  /// The channels that its calls open, change or close.
  var channelIDs: [Hash32] {
    calls.compactMap { call in
      guard let input = Calldata(call.data), let chainID = content.chainID else { return nil }
      do throws(Revert) {
        guard call.to == Addresses.reserve else { return try legacyChannelID(input) }
        switch input.selector {
        case 0xedc5_3b00:  // open
          return ReserveDescriptor(
            payer: sender, payee: try input.address(0), operator: try input.address(1),
            token: try input.address(2), salt: try input.word(4), authorizedSigner: try input.address(5),
            contextHash: contextHash
          ).channelID(chainID: chainID)
        case 0x97fb_5104, 0xdc48_471e, 0x73b5_7f74, 0x6754_02e5, 0x41e2_c664:
          return try ReserveDescriptor(input).channelID(chainID: chainID)
        default: return nil
        }
      } catch {
        return nil
      }
    }
  }

  /// Functions of the v1 contract name the channel first.
  private func legacyChannelID(_ input: Calldata) throws(Revert) -> Hash32? {
    let selectors: Set<UInt32> = [0x516d_3b88, 0xb676_44b9, 0x0d65_c51d, 0x6bf5_fe6f, 0x8e19_899e]
    return selectors.contains(input.selector) ? try input.word(0) : nil
  }
}
