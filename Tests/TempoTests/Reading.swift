import EVM
import MPPCore
import Tempo
import TestSupport

/// Reading of vector members into the types of the module.
enum Reading {
  static func uint256(_ value: JSONValue?) throws -> UInt256 {
    if let text = value?.stringValue { return try UInt256(decimal: text) }
    guard let number = value?.intValue, let unsigned = UInt64(exactly: number) else {
      throw VectorError("not an unsigned integer: \(String(describing: value))")
    }
    return UInt256(unsigned)
  }

  static func uint128(_ value: JSONValue?) throws -> UInt128 {
    guard let value else { return 0 }
    guard let number = try uint256(value).uint128 else { throw VectorError("wider than 128 bits") }
    return number
  }

  static func uint64(_ value: JSONValue?) throws -> UInt64 {
    guard let value else { return 0 }
    guard let number = try uint256(value).uint64 else { throw VectorError("wider than 64 bits") }
    return number
  }

  static func address(_ value: JSONValue?) throws -> Address {
    guard let text = value?.stringValue else { throw VectorError("no address") }
    return try Address(hex: text)
  }

  static func hash(_ value: JSONValue?) throws -> Hash32 {
    guard let text = value?.stringValue else { throw VectorError("no hash") }
    return try Hash32(hex: text)
  }

  static func bytes(_ value: JSONValue?) throws -> [UInt8] {
    guard let text = value?.stringValue else { throw VectorError("no bytes") }
    return try Hex.decode(text)
  }

  static func descriptor(_ value: JSONValue?) throws -> ChannelDescriptor {
    ChannelDescriptor(
      payer: try address(value?["payer"]), payee: try address(value?["payee"]),
      operator: try address(value?["operator"]), token: try address(value?["token"]),
      salt: try hash(value?["salt"]), authorizedSigner: try address(value?["authorizedSigner"]),
      expiringNonceHash: try hash(value?["expiringNonceHash"]))
  }

  /// The transaction of vector fields. A key authorization comes from elsewhere: only its bytes are carried.
  static func transaction(_ fields: JSONValue?) throws -> TempoTransaction {
    guard let fields else { throw VectorError("no fields") }
    let known: Set = [
      "chainId", "calls", "gas", "maxFeePerGas", "maxPriorityFeePerGas", "nonceKey", "nonce", "validBefore",
      "validAfter", "feeToken", "feePayerSignature", "accessList", "keyAuthorization", "type",
    ]
    for member in fields.objectValue ?? [] where !known.contains(member.key) {
      throw VectorError("unknown transaction field \(member.key)")
    }
    return TempoTransaction(
      chainID: try uint64(fields["chainId"]),
      maxPriorityFeePerGas: try uint128(fields["maxPriorityFeePerGas"]),
      maxFeePerGas: try uint128(fields["maxFeePerGas"]), gas: try uint64(fields["gas"]),
      calls: try (fields["calls"]?.arrayValue ?? []).map(call),
      accessList: try (fields["accessList"]?.arrayValue ?? []).map { entry in
        AccessListEntry(
          address: try address(entry["address"]),
          storageKeys: try (entry["storageKeys"]?.arrayValue ?? []).map { try hash($0) })
      },
      nonceKey: try fields["nonceKey"].map { try uint256($0) } ?? .zero, nonce: try uint64(fields["nonce"]),
      validBefore: try fields["validBefore"].map { try uint64($0) },
      validAfter: try fields["validAfter"].map { try uint64($0) },
      feeToken: try fields["feeToken"].map { try address($0) },
      feePayer: fields["feePayerSignature"] == nil ? .unsponsored : .awaitingFeePayer)
  }

  static func call(_ value: JSONValue) throws -> Call {
    Call(
      to: try value["to"].map { try address($0) },
      value: try value["value"].map { try uint256($0) } ?? .zero,
      data: try value["data"].map { try bytes($0) } ?? [])
  }

  /// A value of `type` as the vectors write it: tuples are objects in ABI order.
  static func abi(_ value: JSONValue, _ type: ABIType) throws -> ABIValue {
    switch type {
    case .uint: return .uint(try uint256(value))
    case .int: throw VectorError("no int in the vectors")
    case .address: return .address(try address(value))
    case .bool:
      guard let flag = value.boolValue else { throw VectorError("not a boolean") }
      return .bool(flag)
    case .fixedBytes: return .fixedBytes(try bytes(value))
    case .bytes: return .bytes(try bytes(value))
    case .string:
      guard let text = value.stringValue else { throw VectorError("not a string") }
      return .string(text)
    case .array(let element), .fixedArray(let element, _):
      return .array(try (value.arrayValue ?? []).map { try abi($0, element) })
    case .tuple(let members):
      let values = value.objectValue?.map(\.value) ?? value.arrayValue ?? []
      return .tuple(try abi(values, members))
    }
  }

  static func abi(_ values: [JSONValue], _ types: [ABIType]) throws -> [ABIValue] {
    guard values.count == types.count else { throw VectorError("\(values.count) values for \(types)") }
    return try zip(values, types).map { try abi($0, $1) }
  }

  /// A JSON-RPC form of a vector, to be read.
  static func rpc(_ value: JSONValue) throws -> RPCValue {
    if value.isNull { return .null }
    if let flag = value.boolValue { return .bool(flag) }
    if let text = value.stringValue { return .string(text) }
    if let items = value.arrayValue { return .array(try items.map(rpc)) }
    guard let members = value.objectValue else { throw VectorError("a number in a JSON-RPC form") }
    return .object(try members.map { RPCValue.Member($0.key, try rpc($0.value)) })
  }

  /// Whether a JSON-RPC form equals the one of a vector. Member order does not count, nor does the case of
  /// digits; the reference writes the quantity zero as `0x`.
  static func equals(_ form: RPCValue, _ json: JSONValue) -> Bool {
    switch form {
    case .null: return json.isNull
    case .bool(let flag): return json.boolValue == flag
    case .string(let text):
      let expected = json.stringValue?.lowercased()
      return expected == text.lowercased() || (expected == "0x" && text == "0x0")
    case .array(let items):
      guard let others = json.arrayValue, others.count == items.count else { return false }
      return zip(items, others).allSatisfy { equals($0, $1) }
    case .object(let members):
      guard let others = json.objectValue, others.count == members.count else { return false }
      return members.allSatisfy { member in json[member.name].map { equals(member.value, $0) } ?? false }
    }
  }
}
